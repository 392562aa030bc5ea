# SPDX-License-Identifier: Apache-2.0
"""What is seen as the network reads it, encoded once: the actor proposes, the critic scores, in one batch.

Shape legend: I instances, G groups, N candidates of all, C criteria.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from vla_ros.policies.gam.actions import Candidates, decided, decode, encode, taking
from vla_ros.policies.gam.candidate_poses import joined, matrix_of, moved, rows_of
from vla_ros.policies.gam.config import GamSizes
from vla_ros.policies.gam.criteria import Criterion, ranking
from vla_ros.policies.gam.networks.conditioning import Conditioning, SceneInputs
from vla_ros.policies.gam.networks.network import GamNetwork
from vla_ros.policies.gam.networks.text_tokens import prompt_words
from vla_ros.policies.gam.networks.tool_tokens import tool_numbers
from vla_ros.policies.gam.observed_scene import SOURCE, ObservedScene, scene_arrays, scene_frame
from vla_ros.policies.gam.perturbing import perturbed
from vla_ros.policies.gam.prompts import mode_prompt
from vla_ros.policies.gam.proposal import Proposal
from vla_ros.robots.tools.description import Tool

_KEPT, _EACH = 8, 8  # candidates that others are drawn about, and how many of each
_MOST_OF_ONE = 3  # of these that mean one instance: the search looks at others, too
PER_ROUND = _KEPT * _EACH

# Candidates, the instance (N,) each means, tool and mode → candidates brought to what is measured.
Brought = Callable[[Candidates, np.ndarray, Tool, str], Candidates]
# Candidates and the instance (N,) each means → what somebody else than the critic says of them, (N, C); NaN: nothing.
Judged = Callable[[Candidates, np.ndarray], np.ndarray]


def _as_it_is(candidates: Candidates, meant: np.ndarray, tool: Tool, mode: str) -> Candidates:
    return candidates


class EncodedLook:
    """Some instances of what is seen, one tool in one mode. Candidates are in the base frame."""

    @torch.no_grad()
    def __init__(
        self,
        network: GamNetwork,
        scene: ObservedScene,
        instances: Sequence[int],
        tool: Tool,
        mode: str,
        criteria: Sequence[Criterion],
        seed: int = 0,
        pick: Candidates | None = None,
        brought: Brought = _as_it_is,
        judged: Judged | None = None,
    ) -> None:
        """Encode. Raises ConfigError for a tool with more elements than there is room for.

        `pick`, a single candidate, is the one behind placements. `brought` moves candidates to what is measured,
        before they are scored; with `judged` a score is the mean of the critic's and of what that says, if anything.
        """
        self._judged = judged
        self._network, self._tool, self._mode, self._criteria, self._brought = network, tool, mode, criteria, brought
        self._instances, self._seed = np.asarray(instances), seed
        self._frames = [scene_frame(scene, one, mode) for one in instances]
        rng = np.random.default_rng(seed)
        inputs = scene_inputs(network.sizes, scene, instances, tool, mode, rng, pick)
        self._conditioning: Conditioning = network.conditioning(inputs)

    def propose(self, each: int) -> Proposal:
        """Return `each` of the actor's candidates of every instance, scored."""
        found, meant = self.drawn(each)
        return Proposal(found, meant, self.scores(found))

    def drawn(self, each: int) -> tuple[Candidates, np.ndarray]:
        """Return `each` of the actor's candidates of every instance, and which (N,) each means."""
        sizes = self._network.sizes
        rows = self._network.actor.sample(self._conditioning, each, torch.Generator().manual_seed(self._seed)).numpy()
        parts = [
            moved(decode(own, sizes.scales, self._tool), frame) for own, frame in zip(rows, self._frames, strict=True)
        ]
        meant = np.repeat(self._instances, each)
        return self._as_carried_out(decided(joined(parts)), meant), meant

    def scores(self, candidates: Candidates) -> np.ndarray:
        """Return scores (N, C) of candidates, as many of each instance, in the order of these."""
        return self._scores(candidates, np.arange(len(self._instances)))

    def refined(self, proposal: Proposal, rounds: int) -> Proposal:
        """Return a proposal with further candidates of some rounds of `refinements`."""
        return [proposal, *self.refinements(proposal, rounds)][-1]

    def refinements(self, proposal: Proposal, rounds: int) -> Iterator[Proposal]:
        """Yield a proposal with further candidates, drawn about the best of before, after each of some rounds.

        The cross-entropy method over the critic, as the policies of Dex-Net 2.0 and 3.0 search (Mahler et al.).
        """
        rng = np.random.default_rng(self._seed)
        for number in range(rounds):
            ranked = np.array(ranking(proposal.scores.tolist(), self._criteria), int)
            best = _kept(ranked[taking(proposal.candidates, self._tool, self._mode)[ranked]], proposal.instances)
            if not len(best):
                return
            about = rows_of(proposal.candidates, np.repeat(best, _EACH))
            of = proposal.instances[best]
            meant = np.repeat(of, _EACH)
            found = self._as_carried_out(perturbed(about, self._tool, self._mode, 0.5**number, rng), meant)
            scores = self._scores(found, (of[:, None] == self._instances).argmax(axis=1))
            proposal = proposal.joined(Proposal(found, meant, scores))
            yield proposal

    def _as_carried_out(self, candidates: Candidates, meant: np.ndarray) -> Candidates:
        return self._brought(candidates, meant, self._tool, self._mode)

    @torch.no_grad()
    def features(self, candidate: Candidates, instance: int) -> np.ndarray:
        """Return what the critic thinks of one candidate of an instance: the mean of its last layer's tokens (D,)."""
        group = int((self._instances == instance).argmax())
        tokens = self._network.criteria_tokens(self._criteria)
        conditioning = self._conditioning.rows(torch.tensor([group]))
        hidden = self._network.critic.hidden(self._rows(candidate, group)[None], tokens, conditioning)
        return np.asarray(hidden[0, 0].mean(dim=0).numpy())

    @torch.no_grad()
    def _scores(self, candidates: Candidates, groups: np.ndarray) -> np.ndarray:
        """Return scores (N, C) of candidates, N / G for each of `groups` (G,): which of the instances it means."""
        parts = [
            self._rows(rows_of(candidates, rows), group)
            for rows, group in zip(np.split(np.arange(len(candidates.positions)), len(groups)), groups, strict=True)
        ]
        tokens = self._network.criteria_tokens(self._criteria)
        conditioning = self._conditioning.rows(torch.from_numpy(groups))
        found = self._network.critic.scores(torch.stack(parts), tokens, conditioning)
        scores = np.asarray(found.flatten(0, 1).numpy())
        if self._judged is None:
            return scores
        meant = np.repeat(self._instances[groups], len(scores) // len(groups))
        said = self._judged(candidates, meant)
        return np.where(np.isnan(said), scores, 0.5 * (scores + said))

    def _rows(self, candidates: Candidates, group: int) -> torch.Tensor:
        """Return candidates of an instance as the network reads them (N, A)."""
        own = moved(candidates, np.linalg.inv(self._frames[group]))
        return torch.from_numpy(encode(own, self._network.sizes.scales, len(self._tool.names)))


def _kept(ranked: np.ndarray, meant: np.ndarray) -> np.ndarray:
    """Return the rows of `ranked` that others are drawn about, where each row means an instance (N,).

    The first ones, of one instance no more than `_MOST_OF_ONE` as long as there are others.
    """
    earlier = np.array([(meant[ranked[:place]] == meant[row]).sum() for place, row in enumerate(ranked)], int)
    return ranked[np.argsort(earlier >= _MOST_OF_ONE, kind="stable")][:_KEPT]


def scene_inputs(
    sizes: GamSizes,
    scene: ObservedScene,
    instances: Sequence[int],
    tool: Tool,
    mode: str,
    rng: np.random.Generator,
    pick: Candidates | None = None,
) -> SceneInputs:
    """Return what the network reads of each instance, as in training. Raises ConfigError for a placement without pick.

    Of the pick behind a placement its pose counts and which elements act, not the fingers' width and depth.
    """
    # Room for the tool's own elements alone: what training keeps for larger tools would be computed for nothing.
    count, room, T_source_tool, picked = len(instances), len(tool.names), None, None
    if pick is not None:
        nowhere = np.full(1, np.nan)
        behind = moved(replace(pick, widths=nowhere, depths=nowhere), np.linalg.inv(scene.T_base_totes[SOURCE]))
        T_source_tool = matrix_of(behind, 0)
        picked = torch.from_numpy(encode(behind, sizes.scales, room)).expand(count, -1)
    arrays = [scene_arrays(scene, one, mode, sizes, rng, T_source_tool) for one in instances]
    words = prompt_words([mode_prompt(mode)]).expand(count, -1, -1)
    stacked = {name: torch.from_numpy(np.stack([getattr(one, name) for one in arrays])) for name in vars(arrays[0])}
    stacked = {name: value.float() if value.is_floating_point() else value for name, value in stacked.items()}
    return SceneInputs(words=words, tool=tool_numbers([tool] * count, room), picked=picked, **stacked)
