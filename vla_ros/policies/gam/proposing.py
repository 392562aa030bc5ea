# SPDX-License-Identifier: Apache-2.0
"""Candidates of what is seen, by whom the settings say: actor, analysis or both, scored by critic, analysis or both."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analysis.bringing import Bringing
from vla_ros.policies.gam.analysis.cages import across_narrow_side
from vla_ros.policies.gam.analysis.picks import analysed_picks, analysed_scores
from vla_ros.policies.gam.analysis.pinches import pinches_by_analysis
from vla_ros.policies.gam.candidate_poses import rows_of
from vla_ros.policies.gam.observed_scene import ObservedScene
from vla_ros.policies.gam.perception.bin_view import BinObservation
from vla_ros.policies.gam.proposal import Proposal
from vla_ros.policies.gam.settings import ANALYSIS, BOTH, RANDOM, GamSettings
from vla_ros.robots.tools.description import CAGE, PINCH, SUCTION, Tool

if TYPE_CHECKING:
    from vla_ros.policies.gam.encoded_look import EncodedLook
    from vla_ros.policies.gam.networks.network import GamNetwork

_FINGERED = 3  # times as many candidates of a pinch or a cage by analysis: fingers fit in few


class Proposer:
    """One tool in one mode. Where analysis knows no such pinch, `both` are actor and critic alone."""

    def __init__(self, tool: Tool, mode: str, settings: GamSettings, network: GamNetwork | None) -> None:
        """`network`: None where the settings ask it for nothing."""
        self._tool, self._mode, self._settings, self._network = tool, mode, settings, network
        self._analysable = mode != PINCH or pinches_by_analysis(tool)
        self._look: EncodedLook | None = None  # the last one

    def propose(self, seen: BinObservation, instances: Sequence[int], seed: int) -> Generator[None, None, Proposal]:
        """Return candidates of some instances, scored by the mode's criteria.

        Yields between pieces of the work: a caller with other things to do does these meanwhile.
        """
        settings, self._look = self._settings, None
        if settings.proposes == ANALYSIS and settings.ranks in (ANALYSIS, RANDOM):
            return self._analysed(seen, instances, seed)
        look = self._look = self._encoded(seen, instances, seed, self._mode)
        if settings.proposes == ANALYSIS:
            found = self._analysed(seen, instances, seed)
            proposal = replace(found, scores=look.scores(found.candidates))
        else:
            proposal = look.propose(settings.candidates)
            if self._mode == CAGE:
                yield
                proposal = proposal.joined(self._cages_of_picks(look, seen, instances, seed))
            if settings.proposes == BOTH and self._analysable:
                yield
                found = self._analysed(seen, instances, seed)
                best = found.best(settings.candidates, settings.criteria(self._mode))
                proposal = proposal.joined(replace(best, scores=look.scores(best.candidates)))
        if settings.ranks != RANDOM:
            rounds = look.refinements(proposal, settings.refinements)
            for _ in range(settings.refinements):
                yield
                proposal = next(rounds, proposal)
        return proposal

    def features(self, proposal: Proposal, row: int) -> np.ndarray | None:
        """Return what the critic thinks of a candidate of the last look (D,); None where no network looked."""
        if self._look is None:
            return None
        return self._look.features(rows_of(proposal.candidates, np.array([row])), int(proposal.instances[row]))

    def _analysed(self, seen: BinObservation, instances: Sequence[int], seed: int) -> Proposal:
        count = self._settings.analysed * (1 if self._mode == SUCTION else _FINGERED)
        criteria = self._settings.criteria(self._mode)
        rng = np.random.default_rng(seed)
        return analysed_picks(seen.measured, instances, self._tool, self._mode, criteria, count, rng)

    def _encoded(self, seen: BinObservation, instances: Sequence[int], seed: int, mode: str) -> EncodedLook:
        from vla_ros.policies.gam.encoded_look import EncodedLook  # analysis alone needs no PyTorch

        criteria = self._settings.criteria(mode)

        def judged(candidates: Candidates, meant: np.ndarray) -> np.ndarray:
            return analysed_scores(seen.measured, candidates, meant, self._tool, mode, criteria)

        assert self._network is not None  # which the settings ask for
        return EncodedLook(
            self._network, ObservedScene.of(seen), instances, self._tool, mode, criteria, seed,
            brought=Bringing(seen.measured),
            judged=judged if self._settings.ranks == BOTH and self._analysable else None,
        )  # fmt: skip

    def _cages_of_picks(self, look: EncodedLook, seen: BinObservation, instances: Sequence[int], seed: int) -> Proposal:
        """Return the actor's picks by suction, which cages are before they are any, as they are and turned."""
        picks, meant = self._encoded(seen, instances, seed, SUCTION).drawn(self._settings.candidates)
        across = across_narrow_side(picks, seen.measured, meant, self._tool, np.random.default_rng(seed))
        parts = [Bringing(seen.measured)(one, meant, self._tool, CAGE) for one in (picks, across)]
        as_they_are, turned = (Proposal(cages, meant, look.scores(cages)) for cages in parts)
        return as_they_are.joined(turned)
