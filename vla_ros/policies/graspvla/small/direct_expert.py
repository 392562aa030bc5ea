# SPDX-License-Identifier: Apache-2.0
"""The action expert of an ablation: no progressive chain between what is seen and said, and the actions.

GraspVLA, section 5.6, calls it vanilla: co-trained with grounding, but what is found in the pictures is never told to
the expert; it attends to the pictures and the words themselves. Here: cells of both views, each with its line of sight
from the tool, and the words, through a transformer, beside the proprioception.
Shape legend: B samples, V = 2 views, C cells of a view, T words, D numbers of a token.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from vla_ros.policies.backbone.blocks import mlp
from vla_ros.policies.backbone.proposals import CELL, FEATURES, HEIGHT, WIDTH, ProposalNetwork
from vla_ros.policies.backbone.view_geometry import ray
from vla_ros.policies.backbone.word_tokens import SIZE
from vla_ros.policies.graspvla.small.action_expert import ActionExpert

POOLED = 4  # cells of the proposals' maps on an edge of a cell here
ROWS, COLUMNS = HEIGHT // CELL // POOLED, WIDTH // CELL // POOLED  # C = ROWS · COLUMNS
SIGHT = 6  # numbers of a line of sight


class DirectExpert(ActionExpert):
    """v(a^τ, τ | pictures, words, proprioception)."""

    def __init__(self, horizon: int = 4, size: int = 96, depth: int = 3, width: int = 32) -> None:
        super().__init__(horizon, size, depth, conditioning=())
        self.eye = ProposalNetwork(width)
        self.cells = nn.Conv2d(FEATURES, size, POOLED, POOLED)
        self.sights = mlp(SIGHT, size, size)
        self.words = nn.Linear(SIZE, size)
        self.kind = nn.Parameter(0.02 * torch.randn(3, size))  # first view, second view, words
        self.joined = nn.ModuleList(
            nn.TransformerEncoderLayer(size, 4, 3 * size, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(depth)
        )
        self.meant = nn.Linear(size, 1)  # learned from grounding, not used to act

    def encode_observation(self, pictures: Tensor, sights: Tensor, words: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return tokens (B, V·C + T, D), maps of proposals (B·V, 5, h, w) and logits of the cell meant (B, V, C).

        Of pictures (B, V, HEIGHT, WIDTH, 3) uint8, lines of sight (B, V, C, SIGHT) and words (B, T, SIZE).
        """
        count, views = pictures.shape[:2]
        features = self.eye.features(pictures.flatten(0, 1))
        seen = self.cells(features).flatten(2).transpose(1, 2).unflatten(0, (count, views))
        seen = seen + self.sights(sights) + self.kind[:views, None]
        tokens = torch.cat([seen.flatten(1, 2), self.words(words) + self.kind[-1]], dim=1)
        for layer in self.joined:
            tokens = layer(tokens)
        logits = self.meant(tokens[:, : seen.shape[1] * seen.shape[2]])[..., 0].unflatten(1, (views, -1))
        return tokens, self.eye.heads(features), logits


def lines_of_sight(calibration: np.ndarray, size: tuple[int, int], tool: np.ndarray) -> np.ndarray:
    """Return camera's position [m] and direction of each cell's line of sight (C, SIGHT) float32, seen from the tool.

    `size` is the camera's picture, width and height [px]; directions are of the base frame, as actions are.
    """
    x, y = np.meshgrid((np.arange(COLUMNS) + 0.5) / COLUMNS, (np.arange(ROWS) + 0.5) / ROWS)
    position, directions = ray(calibration, np.stack([x, y], axis=-1).reshape(-1, 2) * size)
    away = np.broadcast_to(position - tool, directions.shape)
    return np.concatenate([away, directions], axis=1).astype(np.float32)
