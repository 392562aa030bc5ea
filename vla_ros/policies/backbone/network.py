# SPDX-License-Identifier: Apache-2.0
"""The backbone: pictures and words to boxes, to which of them is meant, and to what it saw on the way.

An expert that is built on it reads what it likes: the maps of whole pictures, what each thing looks like, the things
and words after the last layer, and the keys and values of every layer, as the experts of the full-size models read
their language model's.
Shape legend: V views, K boxes of a view, N boxes of all views, T tokens of text, D features, L layers, H heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from vla_ros.policies.backbone import matching, proposals
from vla_ros.policies.backbone.crops import box_window
from vla_ros.policies.backbone.look_memory import LookMemory, ViewWindow
from vla_ros.policies.backbone.matching import KeysValues, MatchNetwork
from vla_ros.policies.backbone.proposals import ProposalNetwork
from vla_ros.policies.backbone.standing import places_of
from vla_ros.policies.backbone.word_tokens import filled

COUNT = 10  # proposals a view at most
LEAST = 0.12  # score of a proposal

Proposed = list[tuple[np.ndarray, np.ndarray]]  # boxes (K, 4) [px] and scores (K,) of each view


@dataclass(frozen=True, eq=False)
class Looks:
    """What things look like, each in its view: made once, whatever is asked of them."""

    looks: Tensor  # (1, N, D)
    geometry: Tensor  # (1, N, GEOMETRY)
    counts: tuple[int, ...]  # (V,) boxes of each view, whose sum is N


@dataclass(frozen=True, eq=False)
class Answer:
    """What the words mean among the things, and what an expert may read of how it was found."""

    logits: tuple[np.ndarray, ...]  # (K,) a view: is it the one that is meant?
    layers: tuple[Tensor, ...]  # (L + 1,) things and words (N + T, D) before each layer, then after the last

    @property
    def things(self) -> Tensor:
        """Return the things after the last layer (N, D)."""
        return self.layers[-1][: sum(map(len, self.logits))]

    @property
    def words(self) -> Tensor:
        """Return the words after the last layer (T, D)."""
        return self.layers[-1][sum(map(len, self.logits)) :]

    @property
    def refused(self) -> bool:
        """Say whether nothing that is seen is meant."""
        return all(values.max(initial=-np.inf) < 0.0 for values in self.logits)

    @property
    def chosen(self) -> tuple[int | None, ...]:
        """Return the row of what is meant in each view (V,); None where a view shows it not."""
        return tuple(int(values.argmax()) if values.max(initial=-np.inf) >= 0.0 else None for values in self.logits)


class Backbone(nn.Module):
    """Propose boxes, look at each again closely, compare all of them with the words."""

    def __init__(
        self,
        categories: int,
        colors: int,
        width: int = 32,
        size: int = 128,
        depth: int = 4,
        trunk_width: float = 1.0,
        crop: int = matching.CROP,
    ) -> None:
        """`categories` and `colors` are how many of each are learned beside; the others say how large it is.

        `width` is of what proposes, `size` and `depth` of what compares, `trunk_width` of what looks closely at
        pictures of `crop` pixels.
        """
        super().__init__()
        self.proposals = ProposalNetwork(width)
        self.matching = MatchNetwork(categories, colors, size, depth, trunk_width, crop)

    def propose(self, pictures: Sequence[np.ndarray]) -> Proposed:
        """Return boxes (K, 4) [px] and scores (K,) of each picture (H, W, 3) uint8, the best first."""
        small = torch.from_numpy(proposals.small_pictures(pictures))
        boxes, scores = proposals.decode(self.proposals(small), COUNT)
        found = []
        for picture, box, score in zip(pictures, boxes.numpy(), scores.numpy(), strict=True):
            height, width = picture.shape[:2]
            keep = score >= min(LEAST, score[0])
            found.append((box[keep] * np.array([width, height, width, height]), score[keep]))
        return found

    def look(
        self,
        pictures: Sequence[np.ndarray],
        proposed: Proposed,
        calibrations: Sequence[np.ndarray] | None = None,
        memory: LookMemory | None = None,
    ) -> Looks:
        """Look closely at the boxes of two pictures (H, W, 3) uint8 or more, of which the first stands or is on a head.

        `calibrations` (11,), as the dataset's `observation.calibration.<camera>`, tell where things stand; without
        them the words are compared with the pictures alone. What a `memory` has seen and has not changed is not looked
        at again.
        """
        sizes = [(picture.shape[1], picture.shape[0]) for picture in pictures]
        places = places_of([boxes for boxes, _ in proposed], sizes, calibrations)
        windows, geometry = [], []
        for view, (picture, (boxes, scores)) in enumerate(zip(pictures, proposed, strict=True)):
            height, width = picture.shape[:2]
            for box, score, place in zip(boxes, scores, places[view], strict=True):
                windows.append((view, box_window(box)))
                shares = box / np.array([width, height, width, height])
                geometry.append([*shares, score, float(view == 0), float(view > 0), *place])

        def encode(asked: Sequence[ViewWindow]) -> Tensor:
            crops = [window.cut(pictures[view], self.matching.crop) for view, window in asked]
            return self.matching.encode(torch.from_numpy(np.stack(crops)))

        looks = encode(windows) if memory is None else memory.looks(pictures, windows, encode)
        numbers = torch.tensor(np.array(geometry), dtype=torch.float32)[None]
        return Looks(looks[None], numbers, tuple(len(boxes) for boxes, _ in proposed))

    def ask(self, looks: Looks, words: np.ndarray) -> Answer:
        """Return which of the things the words (T, SIZE), as word_tokens has them, mean."""
        # Rows without a token are masked anyway: leave them out.
        spoken = words[: filled((words != 0).any(axis=1))]
        there = torch.ones(looks.looks.shape[:2], dtype=torch.bool)
        tokens = torch.from_numpy(np.ascontiguousarray(spoken))[None]
        layers = [taken[0] for taken in self.matching.attend(looks.looks, looks.geometry, there, tokens)]
        logits = self.matching.score(layers[-1][: looks.looks.shape[1]])[:, 0].float().numpy()
        return Answer(tuple(np.split(logits, np.cumsum(looks.counts)[:-1])), tuple(layers))

    def keys_values(self, answer: Answer) -> tuple[KeysValues, ...]:
        """Return keys and values (H, N + T, D/H) of each layer (L,), as an expert attends to them."""
        return self.matching.keys_values(answer.layers[:-1])

    def features(self, pictures: Sequence[np.ndarray]) -> Tensor:
        """Return the maps that boxes are read from (V, FEATURES, HEIGHT / CELL, WIDTH / CELL)."""
        return self.proposals.features(torch.from_numpy(proposals.small_pictures(pictures)))
