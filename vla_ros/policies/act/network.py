# SPDX-License-Identifier: Apache-2.0
"""ACT: a conditional VAE over chunks of actions (Zhao et al. 2023, section IV and algorithm 1).

An encoder sees what was done and how the robot stood, and says in a few numbers z in which manner ("style"); the
policy, its decoder, makes the chunk from pictures, words, proprioception and z. To act, z = 0, the prior's mean.
Shape legend: B samples, V views, C cells of a view, T words, S numbers of proprioception, H steps of a chunk, A numbers
of an action, Z of the latent, D of a token.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_ros.policies.act.attention import DecoderLayer, EncoderLayer, sine_grid, sine_line
from vla_ros.policies.act.config import ActSizes
from vla_ros.policies.backbone.blocks import Residual, conv, normalised
from vla_ros.policies.backbone.proposals import HEIGHT, WIDTH
from vla_ros.policies.backbone.word_tokens import LENGTH, SIZE

CELL = 16  # [px] on an edge of a cell
ROWS, COLUMNS = HEIGHT // CELL, WIDTH // CELL  # C = ROWS · COLUMNS


class ActNetwork(nn.Module):
    """Normalised actions given pictures, words, normalised proprioception and a latent."""

    places: Tensor
    kind_of: Tensor

    def __init__(self, sizes: ActSizes, views: int, state_size: int, action_size: int, horizon: int) -> None:
        super().__init__()
        size, layer = sizes.size, (sizes.size, sizes.heads, sizes.feedforward, sizes.dropout)
        self.latent_size, self.horizon, self.action_size = sizes.latent, horizon, action_size
        self.style = StyleEncoder(sizes, state_size, action_size, horizon)
        self.eye = image_encoder(sizes.width, size)
        self.words = nn.Linear(SIZE, size)
        self.state = nn.Linear(state_size, size)
        self.latent = nn.Linear(sizes.latent, size)
        # z, proprioception, words, then each view: what tells them apart.
        self.kinds = nn.Parameter(torch.randn(3 + views, size))
        self.queries = nn.Parameter(torch.randn(horizon, size))
        self.encoder = nn.ModuleList(EncoderLayer(*layer) for _ in range(sizes.encoder_layers))
        self.memory_norm = nn.LayerNorm(size)
        self.decoder = nn.ModuleList(DecoderLayer(*layer) for _ in range(sizes.decoder_layers))
        self.actions = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, action_size))
        places = [torch.zeros(2, size), sine_line(LENGTH, size), *[sine_grid(ROWS, COLUMNS, size)] * views]
        self.register_buffer("places", torch.cat(places), persistent=False)  # (2 + T + V·C, D)
        counts = [1, 1, LENGTH, *[ROWS * COLUMNS] * views]
        kinds = torch.arange(3 + views).repeat_interleave(torch.tensor(counts), output_size=sum(counts))
        self.register_buffer("kind_of", kinds, persistent=False)
        for part in (self.style, self.encoder, self.decoder):
            _begin(part)
        # The prior, whatever is done: a divergence of hundreds would be all that the first steps learn from.
        for parameter in self.style.latent[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, pictures: Tensor, words: Tensor, state: Tensor, latent: Tensor | None = None) -> Tensor:
        """Return actions (B, H, A) of pictures (B, V, HEIGHT, WIDTH, 3) uint8, words (B, T, SIZE), state (B, S).

        Without a latent (B, Z) it is 0.
        """
        return self.actions(self.hidden(pictures, words, state, latent))

    def hidden(self, pictures: Tensor, words: Tensor, state: Tensor, latent: Tensor | None = None) -> Tensor:
        """Return the decoder's last tokens (B, H, D), which `actions` turns into actions; arguments as `forward`."""
        count, views = pictures.shape[:2]
        if latent is None:
            latent = state.new_zeros(count, self.latent_size)
        seen = self.eye(normalised(pictures.flatten(0, 1))).flatten(2).transpose(1, 2).unflatten(0, (count, views))
        own = torch.stack([self.latent(latent), self.state(state)], dim=1)
        x = torch.cat([own, self.words(words), seen.flatten(1, 2)], dim=1)
        there = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        there[:, 2 : 2 + LENGTH] = (words != 0).any(dim=2)
        positions = self.places + self.kinds[self.kind_of]
        for layer in self.encoder:
            x = layer(x, positions, there)
        memory = self.memory_norm(x)
        made = torch.zeros_like(self.queries).expand(count, -1, -1)
        for layer in self.decoder:
            made = layer(made, self.queries, memory, positions, there)
        return made


class StyleEncoder(nn.Module):
    """In which manner a chunk was done: used in training alone."""

    places: Tensor

    def __init__(self, sizes: ActSizes, state_size: int, action_size: int, horizon: int) -> None:
        super().__init__()
        size = sizes.size
        self.summary = nn.Parameter(torch.randn(size))
        self.state, self.action = nn.Linear(state_size, size), nn.Linear(action_size, size)
        self.layers = nn.ModuleList(
            EncoderLayer(size, sizes.heads, sizes.feedforward, sizes.dropout) for _ in range(sizes.style_layers)
        )
        self.latent = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, 2 * sizes.latent))
        self.register_buffer("places", sine_line(2 + horizon, size), persistent=False)

    def forward(self, state: Tensor, actions: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance (B, Z) of state (B, S) and actions (B, H, A); steps count where `counts` (B, H)
        is above 0.
        """
        count = len(state)
        x = torch.cat([self.summary.expand(count, 1, -1), self.state(state)[:, None], self.action(actions)], dim=1)
        there = torch.cat([counts.new_ones(count, 2), counts], dim=1) > 0
        for layer in self.layers:
            x = layer(x, self.places, there)
        mean, log_variance = self.latent(x[:, 0]).chunk(2, dim=1)
        return mean, log_variance


def image_encoder(width: int, size: int) -> nn.Sequential:
    """Return residual stages from pictures (B, 3, HEIGHT, WIDTH) to cells (B, D, ROWS, COLUMNS)."""
    return nn.Sequential(
        conv(3, width, 4, 4),
        Residual(width),
        conv(width, 2 * width, 3, 2),
        *(Residual(2 * width) for _ in range(2)),
        conv(2 * width, 4 * width, 3, 2),
        *(Residual(4 * width) for _ in range(2)),
        nn.Conv2d(4 * width, size, 1),
    )


def _begin(part: nn.Module) -> None:
    """Draw matrices as DETR does."""
    for parameter in part.parameters():
        if parameter.ndim > 1:
            nn.init.xavier_uniform_(parameter)
