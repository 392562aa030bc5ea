# SPDX-License-Identifier: Apache-2.0
"""The small GEAR-VLA's weights: eyes, what sees and says tokens of actions, and the action transformer behind it.

Shape legend: B samples, V views, C cells of a view, P numbers of a cell (2D features, then 3D ones), T words, S numbers
of the state, M = T + 1 + V C tokens of the memory, D numbers of a token, L latent actions.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, adaptive_max_pool2d

from vla_ros.policies.act.attention import EncoderLayer, sine_grid, sine_line
from vla_ros.policies.action_transformer.network import ActionTransformer
from vla_ros.policies.action_transformer.state_numbers import state_size
from vla_ros.policies.backbone.proposals import FEATURES, ProposalNetwork
from vla_ros.policies.backbone.word_tokens import LENGTH, SIZE
from vla_ros.policies.gear_vla.cells import CELLS, COLUMNS, ROWS
from vla_ros.policies.gear_vla.config import EVERYTHING, GearVlaConfig
from vla_ros.policies.gear_vla.geometry.network import GeometryNetwork
from vla_ros.policies.gear_vla.modality_dropping import Modality, attention_mask
from vla_ros.policies.gear_vla.token_decoder import Memory, Pair, TokenDecoder
from vla_ros.policies.kv_cache.prefix import Prefix

CELL = 2 * FEATURES  # P of the 2D features


class GearVlaNetwork(nn.Module):
    """All weights."""

    places: Tensor
    kind_of: Tensor
    modalities: Tensor

    def __init__(self, config: GearVlaConfig) -> None:
        super().__init__()
        sizes, acting = config.network, config.acting
        size, views = sizes.size, len(acting.cameras)
        self._everything = config.reads == EVERYTHING
        self.eye = ProposalNetwork(sizes.eye_width)
        self.geometry = None if config.geometry is None else GeometryNetwork(config.geometry)
        # Z = [H_2D; H_3D] W (equation 3): what says where things are changes nothing at first.
        self.see = nn.Linear(CELL + (0 if config.geometry is None else config.geometry.size), size)
        with torch.no_grad():
            self.see.weight[:, CELL:] = 0.0
        self.words = nn.Linear(SIZE, size)
        self.state = nn.Linear(state_size(acting.state), size)  # one an embodiment: what is replaced for another
        self.kinds = nn.Parameter(0.02 * torch.randn(2 + views, size))
        layer = sizes.size, sizes.heads, sizes.feedforward, 0.0
        self.encoder = nn.ModuleList(EncoderLayer(*layer) for _ in range(sizes.encoder_layers))
        self.memory_norm = nn.LayerNorm(size)
        self.decoder = TokenDecoder(sizes, config.tokens)
        self.transformer = ActionTransformer(
            acting.transformer,
            sizes.decoder_layers,
            sizes.heads,
            size // sizes.heads,
            state_size(acting.state),
            acting.action.horizon,
            acting.action_size,
        )
        places = [sine_line(LENGTH, size), torch.zeros(1, size), *[sine_grid(ROWS, COLUMNS, size)] * views]
        self.register_buffer("places", torch.cat(places), persistent=False)  # (M, D)
        counts = [LENGTH, 1, *[CELLS] * views]
        repeats, total = torch.tensor(counts), sum(counts)
        kinds = torch.arange(2 + views).repeat_interleave(repeats, output_size=total)
        self.register_buffer("kind_of", kinds, persistent=False)
        # The first view is the head's.
        of = torch.tensor([Modality.OTHER, Modality.STATE, Modality.OTHER, *[Modality.WRIST] * (views - 1)])
        self.register_buffer("modalities", of.repeat_interleave(repeats, output_size=total), persistent=False)

    def remember(
        self,
        cells: Tensor,
        words: Tensor,
        state: Tensor,
        there: Tensor | None = None,
        dropped: Tensor | None = None,
    ) -> Memory:
        """Return the memory of cells (B, V, C, P), words (B, T, SIZE) and the normalised state (B, S).

        `there` (B, V) bool: which views there are, all without it; `dropped` (B, 2) as `draw_dropping` has it.
        """
        seen = (words != 0).any(dim=2)
        views = torch.ones(cells.shape[:2], dtype=torch.bool, device=cells.device) if there is None else there
        state_there = torch.ones(len(cells), 1, dtype=torch.bool, device=cells.device)
        present = torch.cat([seen, state_there, views.repeat_interleave(CELLS, dim=1)], dim=1)
        may = attention_mask(self.modalities, present, dropped)
        x = torch.cat([self.words(words), self.state(state)[:, None], self.see(cells).flatten(1, 2)], dim=1)
        positions = self.places + self.kinds[self.kind_of]
        for layer in self.encoder:
            x = layer(x, positions, may)
        x = self.memory_norm(x) + positions
        return Memory(x, may, self.decoder.memory_pairs(x))

    def prefix(self, memory: Memory, pairs: Sequence[Pair]) -> Prefix:
        """Return what the action transformer reads: the cache at latent actions, or that and the whole memory."""
        first = pairs[0][0]
        mask = torch.ones(first.shape[0], first.shape[2], dtype=torch.bool, device=first.device)
        if self._everything:
            joined = [
                (torch.cat([seen[0], said[0]], dim=2), torch.cat([seen[1], said[1]], dim=2))
                for seen, said in zip(memory.pairs, pairs, strict=True)
            ]
            pairs, mask = joined, torch.cat([memory.seen, mask], dim=1)
        return Prefix(tuple(keys for keys, _ in pairs), tuple(values for _, values in pairs), mask)


def look(eye: ProposalNetwork, geometry: GeometryNetwork | None, pictures: Tensor) -> Tensor:
    """Return cells (B, V, C, P) of pictures (B, V, HEIGHT, WIDTH, 3) uint8.

    Of the eye's maps a cell has the mean and what is strongest, then what the geometry encoder makes of it, if there is
    one.
    """
    maps = eye.features(pictures.flatten(0, 1))
    pooled = [pool(maps, (ROWS, COLUMNS)) for pool in (adaptive_avg_pool2d, adaptive_max_pool2d)]
    cells = torch.cat(pooled, dim=1).flatten(2).transpose(1, 2).unflatten(0, pictures.shape[:2])
    return cells if geometry is None else torch.cat([cells, geometry.features(pictures)[:, :, 1:]], dim=3)
