# SPDX-License-Identifier: Apache-2.0
"""What is measured below each cup and finger of a candidate: without it a lip beyond an edge looks like one before it.

Points around an element's axis fall into rings of its radius and octants. Of those of the object within the radius the
plane is subtracted, as a lip follows it (Dex-Net 3.0, section IV-A); around the whole tool, what stands highest counts.
Not in the paper, whose encoder of points is larger. Nothing flows back to the candidate.
Shape legend: B samples, N candidates, K elements, M points, P pairs of an element and a point below it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_ros.policies.gam.actions import POSITION
from vla_ros.policies.gam.networks.conditioning import Conditioning
from vla_ros.policies.gam.networks.element_places import rotations

_RINGS = (0.5, 1.0, 1.5)  # of an element, in its radius; within the second it lies on
_AROUND = (0.02, 0.04, 0.065, 0.09)  # [m] of the whole tool
_OCTANTS = 8
_WINDOW = (-0.02, 0.07)  # [m] along the axis from an element's end
_WINDOW_FINGER = -0.1  # [m] likewise, of a finger: what stands higher it would hit on its way
_SWEPT = (-0.1, 0.07)  # [m] likewise of the whole tool
_UNEVEN, _FAR = 0.003, 0.02  # [m] what a unit is of a distance from the plane, and of one along the axis
_BIN, _WHOLE, _OF_AROUND = 4, 6, 3  # numbers of a bin, of an element beside its bins, of a bin around the tool


class PointsBelow(nn.Module):
    """Makes a token's share of it for the pose and for each element."""

    def __init__(self, width: int, position: float) -> None:
        """`position` [m]: the unit of places."""
        super().__init__()
        self._position = position
        self.element = _read(len(_RINGS) * _OCTANTS * _BIN + _WHOLE, width)
        self.tool = _read(len(_AROUND) * _OCTANTS * _OF_AROUND, width)

    def forward(self, actions: Tensor, places: Tensor, conditioning: Conditioning) -> Tensor:
        """Return (B, N, 1 + K, D) of candidates (B, N, A) whose elements are at `places` (B, N, K, 3), tool's frame."""
        with torch.no_grad():
            own = in_tool_frames(actions, conditioning.points) * self._position  # (B, N, M, 3) [m]
            elements = _elements(own, places * self._position, conditioning)
            around = _around(own, conditioning)
        return torch.cat([self.tool(around)[:, :, None], self.element(elements)], dim=2)


def in_tool_frames(actions: Tensor, points: Tensor) -> Tensor:
    """Return points (B, M, 3) of the scene's frame in those of the tool of each candidate (B, N, A): (B, N, M, 3)."""
    R = rotations(actions)
    return points[:, None] @ R - actions[..., None, POSITION] @ R


def _elements(own: Tensor, places: Tensor, conditioning: Conditioning) -> Tensor:
    """Return (B, N, K, F) of what is below each element."""
    batch, candidates, _, _ = own.shape
    count = places.shape[2]
    there = conditioning.points_there[:, None]
    above = torch.where(conditioning.fingers, _WINDOW_FINGER, _WINDOW[0])  # (B, K)
    pairs: list[tuple[Tensor, ...]] = []
    for number in range(count):  # one after the other: all at once would not fit into a cache
        dx, dy, along = (own - places[:, :, number, None]).unbind(dim=-1)  # (B, N, M)
        inside = (along > above[:, number, None, None]) & (along < _WINDOW[1]) & there
        radius = conditioning.element_radii[:, number, None, None].clamp(min=1e-3)
        off = (dx.square() + dy.square()).sqrt() / radius
        sample, candidate, point = (inside & (off < _RINGS[-1])).nonzero(as_tuple=True)
        at = sample, candidate, point
        element = (sample * candidates + candidate) * count + number
        scale = radius[sample, 0, 0]
        on_object = conditioning.points_on_object[sample, point]
        pairs.append((element, dx[at] / scale, dy[at] / scale, along[at], off[at], on_object))
    element, dx, dy, along, off, on_object = (torch.cat(values) for values in zip(*pairs, strict=True))
    rows = batch * candidates * count
    own_lip = on_object & (off < 1.0)
    level, slope_x, slope_y, rest, many = _plane(rows, element[own_lip], dx[own_lip], dy[own_lip], along[own_lip])
    uneven = along - (level[element] + slope_x[element] * dx + slope_y[element] * dy)
    bins = element * (len(_RINGS) * _OCTANTS) + _ring(off, _RINGS) * _OCTANTS + _octant(dx, dy)
    shape = rows * len(_RINGS) * _OCTANTS
    own_count, other_count = (_summed(shape, bins[which], None) for which in (on_object, ~on_object))
    residual = _summed(shape, bins[on_object], uneven[on_object].clamp(-0.02, 0.02)) / own_count.clamp(min=1.0)
    highest = along.new_full((shape,), _WINDOW[1]).scatter_reduce_(0, bins, along, "amin")
    binned = torch.stack(
        [own_count.log1p(), other_count.log1p(), residual / _UNEVEN, highest / _FAR], dim=-1
    ).unflatten(0, (rows, -1))
    rim = (own_count.unflatten(0, (rows, len(_RINGS), _OCTANTS))[:, 1] > 0).float().mean(dim=1)
    whole = torch.stack([level / _FAR, slope_x / _FAR, slope_y / _FAR, rest / _UNEVEN, many.log1p(), rim], dim=-1)
    return torch.cat([binned.flatten(1), whole], dim=1).unflatten(0, (batch, candidates, count))


def _around(own: Tensor, conditioning: Conditioning) -> Tensor:
    """Return (B, N, F) of what stands below and beside the whole tool."""
    batch, candidates, _, _ = own.shape
    x, y, along = own.unbind(dim=-1)
    off = (x.square() + y.square()).sqrt()
    inside = conditioning.points_there[:, None] & (off < _AROUND[-1]) & (along > _SWEPT[0]) & (along < _SWEPT[1])
    sample, candidate, point = at = inside.nonzero(as_tuple=True)
    on_object, height = conditioning.points_on_object[sample, point], along[at]
    bins = (sample * candidates + candidate) * (len(_AROUND) * _OCTANTS)
    bins = bins + _ring(off[at], _AROUND) * _OCTANTS + _octant(x[at], y[at])
    shape = batch * candidates * len(_AROUND) * _OCTANTS
    highest = [
        height.new_full((shape,), _SWEPT[1]).scatter_reduce_(0, bins[which], height[which], "amin") / _FAR
        for which in (on_object, ~on_object)
    ]
    counted = _summed(shape, bins[height < 0.0], None).log1p()
    return torch.stack([*highest, counted], dim=-1).unflatten(0, (batch, candidates, -1)).flatten(2)


def _plane(rows: int, element: Tensor, x: Tensor, y: Tensor, along: Tensor) -> tuple[Tensor, ...]:
    """Return level [m], slopes [m] over a radius, root mean square off it [m] and number of points, (rows,) each.

    Least squares over the points of each element; where there are few, slopes are drawn to 0.
    """
    one = torch.ones_like(x)
    columns = torch.stack([one, x, y], dim=-1)
    moments = x.new_zeros(rows, 3, 3).index_add_(0, element, columns[:, :, None] * columns[:, None])
    sides = x.new_zeros(rows, 3).index_add_(0, element, columns * along[:, None])
    ridge = torch.diag(x.new_tensor([1e-3, 0.3, 0.3]))
    level, slope_x, slope_y = torch.linalg.solve(moments + ridge, sides).unbind(dim=-1)
    off = along - (level[element] + slope_x[element] * x + slope_y[element] * y)
    many = moments[:, 0, 0]
    rest = (x.new_zeros(rows).index_add_(0, element, off.square()) / many.clamp(min=1.0)).sqrt()
    return level, slope_x, slope_y, rest, many


def _summed(size: int, bins: Tensor, values: Tensor | None) -> Tensor:
    values = torch.ones(len(bins), device=bins.device) if values is None else values
    return values.new_zeros(size).index_add_(0, bins, values)


def _ring(off: Tensor, edges: tuple[float, ...]) -> Tensor:
    return torch.bucketize(off, off.new_tensor(edges), right=True).clamp(max=len(edges) - 1)


def _octant(x: Tensor, y: Tensor) -> Tensor:
    return (x > 0).long() + 2 * (y > 0).long() + 4 * (x.abs() > y.abs()).long()


def _read(numbers: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(numbers, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
