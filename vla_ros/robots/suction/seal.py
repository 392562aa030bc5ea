# SPDX-License-Identifier: Apache-2.0
"""Whether a suction cup seals on the surface under its rim: a quasi-static ring of springs, in closed form.

After the compliant contact model of Dex-Net 3.0 (Mahler et al., "Dex-Net 3.0: Computing Robust Vacuum Suction Grasp
Targets in Point Clouds using a New Analytic Model and Deep Learning", ICRA 2018, section IV-A): the rim is a ring of
vertices that move along the cup's axis onto the surface; perimeter, cone and flexion springs may strain 10 % at most.
Ours are: the plane that bellows and joint follow before anything strains, flexion as bending of a lip of a given
thickness, the limits by the cup's own bellows and tilt, steps, two objects, what stands into the cup, and leaks.

Shapes: ... any leading axes, the last of which is C where cups are those of one tool; R points of the rim, I inner.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np

from controllers.errors import ConfigError
from vla_ros.robots.suction.cup_array import CupArray

RIM_POINTS = 16  # 16 of a 15 mm cup: 5.9 mm apart
_GIVE_MIN, _TILT_MIN = 2e-4, 0.01  # [m], [rad] what a lip gives that is described as rigid


class SealFailure(IntEnum):
    """Why a cup does not seal: the first that applies, in this order."""

    SEALED = 0
    MISS = 1  # a ray found nothing: past an edge, or a hole inside the rim
    EDGE = 2  # a step under the rim
    TWO_OBJECTS = 3  # one cup on two things
    OUT_OF_REACH = 4  # further than stroke and bellows go
    BOTTOMED_OUT = 5  # nearer than the bellows give way
    TILT = 6  # the surface leans more than the lip follows
    CURVATURE = 7  # curved or rough: the lip cannot follow the rim's line
    PROTRUSION = 8  # what is inside the rim stands into the cup and holds the lip off
    POROUS = 9  # leaks more than the pump takes away


@dataclass(frozen=True)
class LipLimits:
    """What a lip and its pump stand. The defaults but `strain` are ours, not measured."""

    strain: float = 0.1  # of any spring (Dex-Net 3.0)
    step: float = 1.0  # slope along the rim, beyond the tilt, from which it is a step
    thickness: float = 0.2  # of the lip, as a share of its radius
    cone: float = 0.5  # height of the cone's apex above the rim, as a share of the radius
    cavity: float = 0.25  # room inside the cup beside the bellows, as a share of the radius
    vacuum_share: float = 0.5  # of the pump's vacuum that a leak must leave
    pump_flow: float = 5e-4  # [m³/s] that the pump moves at no vacuum, for each cup (30 l/min)
    pump_vacuum: float = 60e3  # [Pa] that it reaches with no flow


@dataclass(frozen=True)
class Seal:
    """What became of each cup; arrays (...,) over candidates and cups."""

    sealed: np.ndarray  # bool
    quality: np.ndarray  # 0, or where sealed what the tightest limit leaves of itself, up to 1
    failure: np.ndarray  # int8, a SealFailure
    strain: np.ndarray  # greatest of the springs
    unevenness: np.ndarray  # [m] peak to peak of the rim about its plane
    tilt: np.ndarray  # [rad] of that plane from the cup's axis
    distance: np.ndarray  # [m] along the axis to that plane
    vacuum_share: np.ndarray  # of the pump's vacuum that leaks leave, 0 where not sealed
    axis: np.ndarray  # (..., 3) unit normal of that plane, into the object


def rim_offsets(points: int = RIM_POINTS) -> np.ndarray:
    """Return (R, 2) the rim's points on the unit circle, where `seal` wants distances."""
    angle = 2.0 * np.pi * np.arange(points) / points
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def inner_offsets() -> np.ndarray:
    """Return (7, 2) the inner points, in radii: the centre, and six half-way out."""
    return np.concatenate([np.zeros((1, 2)), 0.5 * rim_offsets(6)])


def seal(
    rim: np.ndarray,
    cups: CupArray,
    inner: np.ndarray | None = None,
    rim_objects: np.ndarray | None = None,
    inner_objects: np.ndarray | None = None,
    conductance: np.ndarray | float = 0.0,
    limits: LipLimits | None = None,
) -> Seal:
    """Judge every cup from the distances [m] along its axis, measured from its lip's plane with the piston in.

    `rim` (..., R) at `rim_offsets(R)` times the radius, `inner` (..., I) at `inner_offsets()`; not finite: a miss.
    `rim_objects`, `inner_objects`: whole numbers of the objects hit, of the same shapes. `conductance` (...,):
    what the surface lets through [m/(s·Pa)], volume flow for each area and pressure. Raises ConfigError for shapes.
    """
    limits = limits or LipLimits()
    rim = np.asarray(rim, float)
    _check(rim, inner)
    radius, bellows = cups.radius, np.maximum(cups.bellows, _GIVE_MIN)

    hit = np.isfinite(rim)
    missed = ~hit.all(-1)
    depth = np.where(hit, rim, 0.0)
    unit = _unit_circle(rim.shape[-1])
    level = depth.mean(-1)
    slope = depth @ unit * (2.0 / rim.shape[-1]) / radius[..., None]  # (..., 2) least squares on a regular ring
    uneven = depth - level[..., None] - radius[..., None] * (slope @ unit.T)  # (..., R)
    tilt = np.arctan(np.hypot(slope[..., 0], slope[..., 1]))
    unevenness = uneven.max(-1) - uneven.min(-1)

    chord = 2.0 * radius * np.sin(np.pi / rim.shape[-1])
    strain = _strain(uneven, radius, chord, limits)
    steepest = np.abs(np.diff(depth, axis=-1, append=depth[..., :1])).max(-1) / chord
    edge = steepest > limits.step + np.tan(cups.tilt)
    two = _several(rim_objects, hit, inner_objects, None if inner is None else np.isfinite(inner))

    standing_in = np.zeros(level.shape)  # [m] that something inside the rim reaches above the rim's plane
    if inner is not None:
        inside = np.isfinite(inner)
        missed = missed | ~inside.all(-1)
        plane = level[..., None] + radius[..., None] * (slope @ inner_offsets().T)
        standing_in = np.where(inside, plane - np.where(inside, inner, 0.0), 0.0).max(-1)

    leak = np.asarray(conductance, float) * np.pi * radius**2 * limits.pump_vacuum / limits.pump_flow
    vacuum_share = 1.0 / (1.0 + leak)  # where a straight pump curve meets a flow in proportion to the vacuum

    used = np.stack(
        np.broadcast_arrays(
            tilt / np.maximum(cups.tilt, _TILT_MIN),
            np.maximum(strain / limits.strain, unevenness / bellows),
            standing_in / (bellows + limits.cavity * radius),
            (1.0 - vacuum_share) / (1.0 - limits.vacuum_share),
        )
    )
    failure = np.select(
        [
            missed,
            edge,
            two,
            level > cups.stroke + bellows,
            level < -bellows,
            *(used > 1.0),
        ],
        [code.value for code in SealFailure if code],
        SealFailure.SEALED,
    ).astype(np.int8)
    sealed = failure == SealFailure.SEALED
    axis = np.concatenate([-slope, np.ones((*level.shape, 1))], axis=-1)
    return Seal(
        sealed=sealed,
        quality=np.where(sealed, np.clip(1.0 - used.max(0), 0.0, 1.0), 0.0),
        failure=failure,
        strain=strain,
        unevenness=unevenness,
        tilt=tilt,
        distance=level,
        vacuum_share=np.where(sealed, vacuum_share, 0.0),
        axis=axis / np.linalg.norm(axis, axis=-1, keepdims=True),
    )


def _strain(uneven: np.ndarray, radius: np.ndarray, chord: np.ndarray, limits: LipLimits) -> np.ndarray:
    """Return (...,) the greatest strain of perimeter, cone and flexion springs."""
    after, before = np.roll(uneven, -1, axis=-1), np.roll(uneven, 1, axis=-1)
    rise = np.abs(after - uneven).max(-1) / chord
    perimeter = np.sqrt(1.0 + rise**2) - 1.0
    apex = limits.cone * radius
    lowest, highest = uneven.min(-1), uneven.max(-1)
    rest = np.hypot(radius, apex)
    cone = np.maximum(np.hypot(radius, apex + highest) / rest - 1.0, 1.0 - np.hypot(radius, apex + lowest) / rest)
    curvature = np.abs(after - 2.0 * uneven + before).max(-1) / chord**2  # [1/m] of the rim's line along the axis
    flexion = 0.5 * limits.thickness * radius * curvature  # outer fibre of a bent lip
    return np.maximum(np.maximum(perimeter, cone), flexion)


def _several(
    rim: np.ndarray | None, rim_hit: np.ndarray, inner: np.ndarray | None, inner_hit: np.ndarray | None
) -> np.ndarray:
    """Say (...,) whether the rays hit more than one object."""
    if rim is None:
        return np.zeros(rim_hit.shape[:-1], bool)
    numbers, hit = np.asarray(rim), rim_hit
    if inner is not None and inner_hit is not None:
        numbers = np.concatenate([numbers, inner], axis=-1)
        hit = np.concatenate([hit, inner_hit], axis=-1)
    first = np.take_along_axis(numbers, hit.argmax(-1)[..., None], axis=-1)
    return ((numbers != first) & hit).any(-1)


@lru_cache(maxsize=8)
def _unit_circle(points: int) -> np.ndarray:
    return rim_offsets(points)


def _check(rim: np.ndarray, inner: np.ndarray | None) -> None:
    if rim.ndim < 1 or rim.shape[-1] < 8:
        raise ConfigError(f"a rim needs 8 points or more along its last axis, got shape {rim.shape}")
    expected = (*rim.shape[:-1], len(inner_offsets()))
    if inner is not None and np.shape(inner) != expected:
        raise ConfigError(f"'inner' must have shape {expected}, as inner_offsets() says, got {np.shape(inner)}")
