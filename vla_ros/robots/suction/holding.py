# SPDX-License-Identifier: Apache-2.0
"""Whether sealed suction cups hold an object: load shared by springs, limits of each cup, cups that let go in turn.

The limits are the contact wrench constraints of Dex-Net 3.0 (Mahler et al., ICRA 2018, section IV-B), with its boxes
replaced by the ellipsoids that they are inscribed in. With V = vacuum · area, f_N = V - pull the force between lip
and surface, r the radius and κ the lip's material:

    suction   f_N >= 0
    friction  sqrt(f_x² + f_y² + (τ_z / r)²) <= μ f_N
    material  sqrt(τ_x² + τ_y²) <= π r κ
    peel      sqrt(τ_x² + τ_y²) <= r f_N / 2      a ring pressed down linearly lifts at one side (ours)

Ours as well: cups share the load as springs between two rigid bodies; the most utilised lets go first.
Shapes: B grasps, C cups. Frame: the tool's throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from controllers.errors import ConfigError


class HoldFailure(IntEnum):
    """Which limit of the most utilised cup is nearest."""

    NONE = 0  # nothing pulls
    NO_SEAL = 1
    PULL_OFF = 2
    SLIP = 3
    PEEL = 4
    MATERIAL = 5


@dataclass(frozen=True)
class CupLimits:
    """What a sealed cup stands. `friction` after Schmalz' reference value for dry smooth surfaces; the others ours."""

    friction: float = 0.5  # 0.2 to 0.3 wet, 0.5 wood, metal, glass, 0.6 rough (Schmalz)
    material: float = 10.0  # [N] κ: bending moment over π times the radius
    lateral_stiffness: float = 0.5  # of a cup across its axis, as a share of that along it


@dataclass(frozen=True)
class Hold:
    """What became of B grasps."""

    held: np.ndarray  # (B,) bool: by those cups that stay
    utilisation: np.ndarray  # (B,) share of the limits that the load takes; the reciprocal of a safety factor
    lost: np.ndarray  # (B, C) bool: cups that let go before the others hold, or all of them
    failure: np.ndarray  # (B,) int8, a HoldFailure: the limit that gives way first
    first_utilisation: np.ndarray  # (B,) before any cup lets go


def hold(
    sealed: np.ndarray,
    positions: np.ndarray,
    axes: np.ndarray,
    radius: np.ndarray,
    vacuum: np.ndarray | float,
    force: np.ndarray,
    center: np.ndarray,
    moment: np.ndarray | float = 0.0,
    limits: CupLimits | None = None,
) -> Hold:
    """Share a load over the sealed cups (B, C), let the most utilised go in turn, and say at which load it is held.

    `positions`, `axes` (..., C, 3): of the lips [m], and unit vectors into the object. `radius` (..., C) [m].
    `vacuum` (..., C) [Pa] in each. `force` (B, 3) [N]: what the cups must do to the object, `required_force`, at its
    centre of mass `center` (B, 3) [m], with `moment` (B, 3) [N·m] about that. Raises ConfigError for a shape.
    """
    limits = limits or CupLimits()
    sealed = np.asarray(sealed, bool)
    if sealed.ndim != 2:
        raise ConfigError(f"'sealed' must have the shape (grasps, cups), got {sealed.shape}")
    grasps, cups = sealed.shape
    positions, axes = (np.broadcast_to(np.asarray(one, float), (grasps, cups, 3)) for one in (positions, axes))
    radius, vacuum = (np.broadcast_to(np.asarray(one, float), (grasps, cups)) for one in (radius, vacuum))
    force, center, moment = (np.broadcast_to(np.asarray(one, float), (grasps, 3)) for one in (force, center, moment))

    best, first = np.full(grasps, np.inf), np.full(grasps, np.inf)
    lost, gone = np.ones((grasps, cups), bool), ~sealed
    failure = np.full(grasps, HoldFailure.NO_SEAL, np.int8)
    active = np.flatnonzero(sealed.any(-1))
    for stage in range(cups):
        if not len(active):
            break
        on = ~gone[active]
        forces, moments = shared_load(
            on, positions[active], axes[active], radius[active], force[active], center[active], moment[active], limits
        )
        parts = utilisation_parts(
            forces, moments, axes[active], radius[active], np.where(on, vacuum[active], 0.0), limits
        )
        each = np.where(on, parts.max(-1), -np.inf)  # (b, C)
        weakest = each.argmax(-1)
        rows = np.arange(len(active))
        worst = each[rows, weakest]
        if stage == 0:
            first[active] = worst
            which = parts[rows, weakest].argmax(-1) + HoldFailure.PULL_OFF
            failure[active] = np.where(worst > 0.0, which, HoldFailure.NONE)
        better = worst < best[active]
        best[active[better]] = worst[better]
        lost[active[better]] = gone[active[better]]
        gone[active, weakest] = True
        active = active[(~gone[active]).any(-1)]
    held = best <= 1.0
    return Hold(held, best, np.where(held[:, None], lost & sealed, sealed), failure, first)


def required_force(mass: np.ndarray | float, acceleration: np.ndarray, gravity: np.ndarray) -> np.ndarray:
    """Return (..., 3) [N] what cups must do to an object: mass [kg] times acceleration less gravity [m/s²]."""
    return np.asarray(mass, float)[..., None] * (np.asarray(acceleration, float) - np.asarray(gravity, float))


def shared_load(
    on: np.ndarray,
    positions: np.ndarray,
    axes: np.ndarray,
    radius: np.ndarray,
    force: np.ndarray,
    center: np.ndarray,
    moment: np.ndarray,
    limits: CupLimits,
) -> tuple[np.ndarray, np.ndarray]:
    """Return (B, C, 3) force [N] and (B, C, 3) moment [N·m] that each cup exerts at its lip's centre.

    A cup is an elastic ring: along its axis as stiff as its rim is long, k ~ r; about an axis across k r²/2; across
    k_t, a share of k; about its own axis k_t r². The object moves by (u, θ) until the springs balance the load.
    """
    along = np.where(on, radius, 0.0)  # only ratios matter
    across = limits.lateral_stiffness * along
    outer = axes[..., :, None] * axes[..., None, :]  # (B, C, 3, 3)
    rest = np.eye(3) - outer
    stiff = along[..., None, None] * outer + across[..., None, None] * rest
    bend = (along * radius**2 / 2.0)[..., None, None] * rest + (across * radius**2)[..., None, None] * outer
    arm = _cross_matrix(positions - center[:, None])  # (B, C, 3, 3)
    coupling = arm @ stiff
    matrix = np.empty((len(on), 6, 6))
    matrix[:, :3, :3] = stiff.sum(1)
    matrix[:, 3:, :3] = coupling.sum(1)
    matrix[:, :3, 3:] = matrix[:, 3:, :3].swapaxes(-1, -2)
    matrix[:, 3:, 3:] = (bend - coupling @ arm).sum(1)
    load = np.concatenate([force, moment], axis=-1)
    motion = np.linalg.solve(matrix, load[..., None])[..., 0]
    shift, turn = motion[:, :3], motion[:, 3:]
    at_lip = shift[:, None, :] - (arm @ turn[:, None, :, None])[..., 0]  # u + θ × p
    forces = (stiff @ at_lip[..., None])[..., 0]
    moments = (bend @ turn[:, None, :, None])[..., 0]
    return forces, moments


def utilisation_parts(
    forces: np.ndarray,
    moments: np.ndarray,
    axes: np.ndarray,
    radius: np.ndarray,
    vacuum: np.ndarray,
    limits: CupLimits,
) -> np.ndarray:
    """Return (..., 4) by how much all limits must be scaled so that pull, slip, peel and material are just stood.

    Scaled by s the suction is s V, so that f_N = s V - pull: each limit gives its s in closed form. 0: not loaded.
    """
    suction = vacuum * np.pi * radius**2  # V [N]
    pull = -(forces * axes).sum(-1)
    twist = (moments * axes).sum(-1)
    across = forces + pull[..., None] * axes
    sliding = np.sqrt((across**2).sum(-1) + (twist / radius) ** 2)
    bending = np.linalg.norm(moments - twist[..., None] * axes, axis=-1)
    needed = np.stack([pull, pull + sliding / limits.friction, pull + 2.0 * bending / radius], axis=-1)  # [N]
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(needed > 0.0, needed / suction[..., None], 0.0)
    material = bending / (np.pi * radius * limits.material)
    return np.concatenate([scale, material[..., None]], axis=-1)


def _cross_matrix(vectors: np.ndarray) -> np.ndarray:
    """Return (..., 3, 3) the matrices that stand for a cross product from the left."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    rows = [np.stack(row, -1) for row in ((zero, -z, y), (z, zero, -x), (-y, x, zero))]
    return np.stack(rows, axis=-2)
