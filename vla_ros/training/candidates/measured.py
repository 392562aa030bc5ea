# SPDX-License-Identifier: Apache-2.0
"""Candidates as a robot would carry them out: proposed from what is measured, whose errors a critic has to know.

By analysis, and by an actor that has learned already: of its own candidates a critic is too sure until it has seen what
becomes of them. Shape legend: N candidates, I instances.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from controllers.errors import ConfigError
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analysis.bringing import Bringing
from vla_ros.policies.gam.analysis.picks import analysed_picks
from vla_ros.policies.gam.analysis.pinches import pinches_by_analysis
from vla_ros.policies.gam.checkpoint_config import read_gam_config
from vla_ros.policies.gam.config import SceneTokens
from vla_ros.policies.gam.criteria import criteria_of
from vla_ros.policies.gam.perception.bin_view import BinObservation
from vla_ros.policies.gam.proposal import Proposal
from vla_ros.policies.gam.settings import GamSettings
from vla_ros.robots.tools.description import PINCH, Tool

if TYPE_CHECKING:
    from vla_ros.policies.gam.checkpoint_config import GamConfig
    from vla_ros.policies.gam.networks.network import GamNetwork

_REFINED = 0.6  # share of the actor's candidates that are drawn about those that its critic finds best


def check_proposer(checkpoint: str) -> None:
    """Raise ConfigError for a checkpoint whose actor cannot propose in scenes as they are stored."""
    sizes = read_gam_config(Path(checkpoint)).sizes.scene
    stored = SceneTokens()
    if (sizes.height, sizes.width) != (stored.height, stored.width):
        raise ConfigError(
            f"checkpoint '{checkpoint}' reads pictures of {sizes.height} by {sizes.width} pixels, and scenes have "
            f"{stored.height} by {stored.width}"
        )


class MeasuredScene:
    """What is seen of a scene, and the object (I,) that each instance shows."""

    def __init__(self, seen: BinObservation, shown: np.ndarray) -> None:
        numbers, points = np.unique(seen.instances[seen.instances >= 0], return_counts=True)
        enough = points >= GamSettings.smallest
        self._known = [int(one) for one in numbers[enough] if shown[one] >= 0]
        self._seen, self._shown = seen, shown

    def analysed(
        self, tool: Tool, mode: str, count: int, rng: np.random.Generator
    ) -> tuple[Candidates, np.ndarray] | None:
        """Return about `count` by analysis with the object (N,) each means, as many of each instance.

        None where no instance shows one, or analysis knows no such pick.
        """
        if not count or not self._known or (mode == PINCH and not pinches_by_analysis(tool)):
            return None
        each = max(1, round(count / len(self._known)))
        found = analysed_picks(self._seen.measured, self._known, tool, mode, criteria_of(mode), each, rng)
        return self._with_objects(found)

    def acted(
        self, checkpoint: str, tool: Tool, mode: str, count: int, rng: np.random.Generator
    ) -> tuple[Candidates, np.ndarray] | None:
        """Return likewise about `count` by the actor of a checkpoint; None where it has not learned the mode."""
        if not count or not self._known:
            return None
        network, config = _loaded(checkpoint)
        if mode not in config.modes or len(tool.names) > config.sizes.elements:
            return None
        from vla_ros.policies.gam.encoded_look import PER_ROUND, EncodedLook
        from vla_ros.policies.gam.observed_scene import ObservedScene

        look = EncodedLook(
            network, ObservedScene.of(self._seen), self._known, tool, mode, criteria_of(mode),
            int(rng.integers(2**31)), brought=Bringing(self._seen.measured),
        )  # fmt: skip
        each = max(1, round((1.0 - _REFINED) * count / len(self._known)))
        return self._with_objects(look.refined(look.propose(each), round(_REFINED * count / PER_ROUND)))

    def _with_objects(self, found: Proposal) -> tuple[Candidates, np.ndarray]:
        return found.candidates, self._shown[found.instances].astype(int)


@lru_cache(maxsize=1)
def _loaded(checkpoint: str) -> tuple[GamNetwork, GamConfig]:
    from vla_ros.policies.gam.checkpoint import load_gam  # analysis alone needs no PyTorch

    return load_gam(Path(checkpoint))
