# SPDX-License-Identifier: Apache-2.0
"""What actor and critic are conditioned on: encoded once for all candidates and all steps (GAM, figure 2a).

Shape legend: B samples, V views, H, W pixels, N points, F features of a point, T words, K elements of the tool,
A numbers of a candidate, S spatial tokens, R task tokens, D numbers of a token.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vla_ros.policies.gam.actions import POSE
from vla_ros.policies.gam.config import PATCH, GamSizes
from vla_ros.policies.gam.networks.image_tokens import ImageTokens
from vla_ros.policies.gam.networks.point_tokens import COLOR, PointTokens
from vla_ros.policies.gam.networks.text_tokens import TextTokens
from vla_ros.policies.gam.networks.tool_tokens import ToolNumbers, ToolTokens


@dataclass(frozen=True, eq=False)
class SceneInputs:
    """What is seen, said and carried. Places are in the scene's frame, in units of ActionScales.position."""

    images: Tensor  # (B, V, H, W, 3) uint8: the source first, the destination second
    places: Tensor  # (B, V, H, W, 3) of the pixels; NaN where there is no depth
    points: Tensor  # (B, N, 3)
    features: Tensor  # (B, N, F): red, green, blue, −1 to 1, and 1 on the instance of interest
    points_there: Tensor  # (B, N) bool
    words: Tensor  # (B, T, SIZE) of the prompt
    tool: ToolNumbers
    views_there: Tensor | None = None  # (B, V) bool; None: all
    picked: Tensor | None = None  # (B, A): the pick behind a placement; NaN where there is none


@dataclass(frozen=True, eq=False)
class Conditioning:
    """Tokens, and what a candidate needs to know of the tool."""

    spatial: Tensor  # (B, S, D) what even blocks read: patches and groups of points
    spatial_there: Tensor  # (B, S) bool
    task: Tensor  # (B, R, D) what odd blocks read: words, elements of the tool, the pick
    task_there: Tensor  # (B, R) bool
    elements: Tensor  # (B, K, D) of the tool
    elements_there: Tensor  # (B, K) bool
    element_places: Tensor  # (B, K, 3) in the tool's frame, in units of ActionScales.position
    element_radii: Tensor  # (B, K) [m]
    closing: Tensor  # (B, K, 2) as of ToolNumbers
    openings: Tensor  # (B,) [m]
    points: Tensor  # (B, M, 3) as measured
    points_on_object: Tensor  # (B, M) bool
    points_there: Tensor  # (B, M) bool; of a placement what stands in the container alone

    @property
    def fingers(self) -> Tensor:
        """Return (B, K) bool which elements are fingers."""
        return (self.closing != 0.0).any(dim=-1)

    def repeat(self, times: int) -> Conditioning:
        """Return the same with each sample `times` in a row."""
        return Conditioning(*(value.repeat_interleave(times, dim=0) for value in vars(self).values()))

    def rows(self, which: Tensor) -> Conditioning:
        """Return some samples, by their numbers (n,)."""
        return Conditioning(*(value[which] for value in vars(self).values()))


class ConditioningEncoder(nn.Module):
    """The encoders of pictures, points, words and tools."""

    def __init__(self, sizes: GamSizes) -> None:
        super().__init__()
        width = sizes.width
        self._position = sizes.scales.position
        self._patches = sizes.scene.height // PATCH * (sizes.scene.width // PATCH)
        self.image, self.points = ImageTokens(sizes), PointTokens(sizes)
        self.text, self.tool = TextTokens(sizes), ToolTokens(sizes.tool, width)
        self.view = nn.Parameter(0.02 * torch.randn(sizes.scene.views, width))
        self.cloud, self.word = (nn.Parameter(0.02 * torch.randn(width)) for _ in range(2))
        self.picked, self.picked_active = nn.Linear(POSE, width), nn.Linear(1, width)
        # One token that is always there: attention to nothing at all is not a number.
        self.spatial_rest, self.task_rest = (nn.Parameter(0.02 * torch.randn(width)) for _ in range(2))

    def forward(self, inputs: SceneInputs) -> Conditioning:
        """Encode a scene, a prompt and a tool."""
        batch, views = inputs.images.shape[:2]
        patches = self.image(inputs.images, inputs.places).unflatten(1, (views, -1)) + self.view[:views, None]
        groups, groups_there = self.points(inputs.points, inputs.features, inputs.points_there)
        words, words_there = self.text(inputs.words)
        elements = self.tool(inputs.tool)
        pick, pick_there, elements_picked = self._picked(inputs, elements)
        always = torch.ones(batch, 1, dtype=torch.bool, device=groups.device)
        shown = inputs.views_there if inputs.views_there is not None else always.expand(-1, views)
        rest = self.spatial_rest.expand(batch, 1, -1), self.task_rest.expand(batch, 1, -1)
        cylinders = inputs.tool.cylinders
        on_object = inputs.features[:, :, COLOR] > 0.5
        lips = torch.cat([cylinders[..., :2], torch.zeros_like(cylinders[..., :1])], dim=2) / self._position
        return Conditioning(
            spatial=torch.cat([rest[0], patches.flatten(1, 2), groups + self.cloud], dim=1),
            spatial_there=torch.cat([always, shown.repeat_interleave(self._patches, dim=1), groups_there], dim=1),
            task=torch.cat([rest[1], words + self.word, elements_picked, pick], dim=1),
            task_there=torch.cat([always, words_there, inputs.tool.there, pick_there], dim=1),
            elements=elements,
            elements_there=inputs.tool.there,
            element_places=lips,
            element_radii=cylinders[..., 2],
            closing=inputs.tool.closing,
            openings=inputs.tool.openings,
            points=inputs.points,
            points_on_object=on_object,
            points_there=inputs.points_there & ~(on_object & pick_there),
        )

    def _picked(self, inputs: SceneInputs, elements: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return a token (B, 1, D) of the pick behind a placement, whether there is one, and elements that know it."""
        batch, count = elements.shape[:2]
        if inputs.picked is None:
            pick = self.picked.bias.expand(batch, 1, -1)
            return pick, torch.zeros(batch, 1, dtype=torch.bool, device=elements.device), elements
        there = inputs.picked.isfinite().all(dim=1, keepdim=True)
        numbers = torch.where(there, inputs.picked, 0.0)
        active = self.picked_active(numbers[:, POSE : POSE + count, None])  # (B, K, D)
        return self.picked(numbers[:, None, :POSE]), there, elements + torch.where(there[..., None], active, 0.0)
