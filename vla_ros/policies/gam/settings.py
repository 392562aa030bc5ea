# SPDX-License-Identifier: Apache-2.0
"""What config/policies/gam.yaml says: weights, where totes stand, how candidates are weighed."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.totes import ToteSize
from vla_ros.policies.families.weights import Weights
from vla_ros.policies.gam.analysis.pinches import check_pinches
from vla_ros.policies.gam.criteria import CRITERIA, Criterion, criteria_of
from vla_ros.policies.gam.perception.bin_view import TotePlaces
from vla_ros.policies.gam.perception.still_frames import FRAMES
from vla_ros.policies.gam.pick_motion import PickConfig
from vla_ros.robots.tools.description import PINCH, Tool

_NAMES = [criterion.name for criterion in CRITERIA]
ACTOR, ANALYSIS, BOTH = PROPOSERS = ("actor", "analysis", "both")
CRITIC, RANDOM = "critic", "random"
RANKERS = (CRITIC, ANALYSIS, BOTH, RANDOM)


@dataclass(frozen=True)
class GamSettings(Weights):
    """Settings of the policy. Raises ConfigError for what makes no sense."""

    mode: str = ""  # suction, pinch or cage; empty: the first that the tool knows
    inside: tuple[float, float, float] = (0.27, 0.36, 0.14)  # [m] of either tote: along x, along y, depth
    source: tuple[float, float] = (0.45, 0.24)  # [m] where the middle of the tote stands, base frame
    destination: tuple[float, float] = (0.45, -0.24)
    instances: int = 8  # of things that are proposed for, the highest ones
    candidates: int = 12  # of each of these
    analysed: int = 60  # of each, where they are proposed by analysis
    smallest: int = 40  # points of a thing
    attempts: int = 3  # picks that are tried
    frames: int = FRAMES  # of which depth is the mean, while the arm waits beside: 1 is as a camera measures
    # Actor; analysis of the measured points, the baseline, which needs no weights; or both, `candidates` of a thing
    # each. Empty: both where there are weights, else analysis.
    proposes: str = ""
    # Where what is picked is put: analysis of the destination's points; actor and critic; or both, these where the arm
    # reaches no place of analysis. Empty: both where there are weights, else analysis.
    places: str = ""
    placements: int = 32  # that the actor proposes of a pick
    refinements: int = 4  # rounds of further candidates about those that the critic finds best
    # Critic; analysis, of what it proposes itself; both, by the mean of what they say; random, what a choice is worth.
    # Empty: both where there are weights and both propose, else the critic; without weights analysis.
    ranks: str = ""
    weights: dict[str, float] = field(default_factory=dict)  # of criteria, where others than criteria.py has
    pick: PickConfig = field(default_factory=PickConfig)

    def __post_init__(self) -> None:
        for name in ("instances", "candidates", "analysed", "smallest", "attempts", "frames", "placements"):
            if not 1 <= getattr(self, name) <= 1000:
                raise ConfigError(f"{name} must be 1 to 1000, got {getattr(self, name)}")
        if not 0 <= self.refinements <= 100:
            raise ConfigError(f"refinements must be 0 to 100, got {self.refinements}")
        if not self.proposes:
            object.__setattr__(self, "proposes", BOTH if self.checkpoint else ANALYSIS)
        if not self.places:
            weighs = self.checkpoint and self.proposes != ANALYSIS
            object.__setattr__(self, "places", BOTH if weighs else ANALYSIS)
        if not self.ranks:
            weighed = self.checkpoint or self.proposes != ANALYSIS
            object.__setattr__(self, "ranks", BOTH if self.proposes == BOTH else CRITIC if weighed else ANALYSIS)
        for name, known in (("proposes", PROPOSERS), ("places", PROPOSERS), ("ranks", RANKERS)):
            if getattr(self, name) not in known:
                raise ConfigError(unknown_name(name, getattr(self, name), known))
        if self.proposes != ANALYSIS and self.ranks == ANALYSIS:
            raise ConfigError(
                f"ranks={ANALYSIS} scores what proposes={ANALYSIS} proposes, not the {ACTOR}'s candidates"
            )
        for name, weight in self.weights.items():
            if name not in _NAMES:
                raise ConfigError(unknown_name("criterion", name, _NAMES))
            if not 0.0 <= weight < math.inf:
                raise ConfigError(f"weight of criterion {name} must be 0 or more, got {weight}")
        ToteSize(self.inside)
        if not all(map(math.isfinite, (*self.source, *self.destination))):
            raise ConfigError(f"source and destination must be lengths, got {self.source} and {self.destination}")

    @property
    def asks_network(self) -> bool:
        """Say whether weights are needed."""
        return self.asks_picks or self.places != ANALYSIS

    @property
    def asks_picks(self) -> bool:
        """Say whether picks are proposed or scored by weights."""
        return self.proposes != ANALYSIS or self.ranks in (CRITIC, BOTH)

    @property
    def totes(self) -> TotePlaces:
        """Return where totes stand."""
        return TotePlaces(ToteSize(self.inside), self.source, self.destination)

    def mode_of(self, tool: Tool) -> str:
        """Return how a tool takes things. Raises ConfigError for a mode that it, or analysis, does not know."""
        mode = self.mode or tool.modes[0]
        if mode not in tool.modes:
            raise ConfigError(f"tool '{tool.name}' knows no mode '{mode}': {', '.join(tool.modes)}")
        if self.proposes == ANALYSIS and mode == PINCH:
            check_pinches(tool)
        return mode

    def criteria(self, mode: str) -> tuple[Criterion, ...]:
        """Return what candidates of a mode are scored by, with these weights."""
        return tuple(
            dataclasses.replace(one, weight=self.weights.get(one.name, one.weight)) for one in criteria_of(mode)
        )
