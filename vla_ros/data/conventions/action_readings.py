# SPDX-License-Identifier: Apache-2.0
"""An action's numbers as they would be if they followed another convention, turned into the contract's.

Shape legend: K frames, P numbers of a part.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.data.conventions.action_parts import Part, encoded, numbers_of
from vla_ros.data.conventions.joints import orders
from vla_ros.data.conventions.recording import Recording, rotations

Reading = tuple[str, str, np.ndarray]  # fault, in words, the contract's numbers (K, P)
SHIFTS = (-3, -2, -1, 1, 2, 3, 4)
CORRELATED = 0.97  # of every number with what is expected, up to a factor and an offset


def readings(recording: Recording, part: Part) -> Iterator[Reading]:
    """Yield what an action says in other conventions, the usual ones first."""
    yield from _units(part)
    yield "action_sign", "less the other way round", _scaled(part, -1.0, -1.0)
    if part.pose:
        yield from _of_poses(part)
    yield from _references(part)
    for shift in SHIFTS:
        frames = part.frames + shift
        inside = np.clip(frames, 0, len(part.every) - 1)
        same = recording.episode[inside] == recording.episode[part.frames]
        moved = np.where(same[:, None], part.every[inside], part.stored)
        words = f"less if every row stood {abs(shift)} frames {'earlier' if shift > 0 else 'later'}"
        yield "action_shifted", words, moved
    if not part.pose:
        for order in orders(part.stored.shape[1])[:40]:
            named = ", ".join(part.contract.joints[i] for i in np.argsort(order))
            yield "action_order", f"less as {named}", part.stored[:, list(order)]
    yield from _fitted(part)


def _scaled(part: Part, position: float, rotation: float) -> np.ndarray:
    numbers = part.stored.copy()
    numbers[:, part.groups[0]] *= position
    if part.pose and part.contract.rotation == "rotation_vector":
        numbers[:, 3:] *= rotation
    return numbers


def _units(part: Part) -> Iterator[Reading]:
    degree = np.pi / 180.0
    if not part.pose:
        yield "action_unit", "less in degrees", part.stored * degree
        return
    for factor, unit in ((0.001, "millimetres"), (0.01, "centimetres")):
        yield "action_unit", f"less in {unit}", _scaled(part, factor, 1.0)
        yield "action_unit", f"less in {unit} and degrees", _scaled(part, factor, degree)
    yield "action_unit", "less with rotations in degrees", _scaled(part, 1.0, degree)


def _of_poses(part: Part) -> Iterator[Reading]:
    start, numbers, rotation = part.start, part.stored, part.contract.rotation
    assert start is not None
    if part.encoding.stored_reference == "delta":
        R = rotations(start[:, 3:])
        if rotation == "rotation_vector":
            words = "less along the axes of the tool"
            yield "action_frame", words, np.hstack([R.apply(numbers[:, :3]), R.apply(numbers[:, 3:])])
            yield (
                "action_frame",
                "less with steps along the axes of the tool, turns about the base's",
                np.hstack([R.apply(numbers[:, :3]), numbers[:, 3:]]),
            )
    if rotation == "rotation_6d":
        rows = numbers[:, 3:].reshape(-1, 2, 3)
        words = "less with the rotation's first two rows instead of columns"
        yield "action_rotation", words, np.hstack([numbers[:, :3], numbers_of(part, _of_rows(rows))])
        interleaved = numbers[:, 3:].reshape(-1, 3, 2).transpose(0, 2, 1).reshape(-1, 6)
        yield "action_rotation", "less with the two columns interleaved", np.hstack([numbers[:, :3], interleaved])
    elif rotation == "quaternion":
        yield "action_rotation", "less with quaternions as w, x, y, z", numbers[:, [0, 1, 2, 4, 5, 6, 3]]
    elif part.encoding.stored_reference == "absolute":
        for axes, name in (("xyz", "roll, pitch, yaw"), ("ZYX", "yaw, pitch, roll")):
            turned = Rotation.from_euler(axes, numbers[:, 3:])
            words = f"less with rotations as {name}"
            yield "action_rotation", words, np.hstack([numbers[:, :3], numbers_of(part, turned)])
    size = numbers.shape[1]
    if size > 6 or rotation == "rotation_vector":
        yield "action_order", "less with the rotation before the position", np.roll(numbers, 3 - size, axis=1)
    for order, named in (([1, 0, 2], "y, x, z"), ([2, 1, 0], "z, y, x"), ([0, 2, 1], "x, z, y")):
        yield "action_order", f"less with positions as {named}", numbers[:, [*order, *range(3, size)]]


def _of_rows(rows: np.ndarray) -> Rotation:
    first = rows[:, 0] / np.maximum(np.linalg.norm(rows[:, 0], axis=1, keepdims=True), 1e-9)
    second = rows[:, 1] - (first * rows[:, 1]).sum(axis=1, keepdims=True) * first
    second /= np.maximum(np.linalg.norm(second, axis=1, keepdims=True), 1e-9)
    R = np.stack([first, second, np.cross(first, second)], axis=1)  # rows
    R[~np.isfinite(R).all(axis=(1, 2)) | (np.abs(np.linalg.det(R) - 1.0) > 0.1)] = np.eye(3)
    return Rotation.from_matrix(R)


def _references(part: Part) -> Iterator[Reading]:
    start, numbers = part.start, part.stored
    assert start is not None
    delta = part.encoding.stored_reference == "delta"
    fault = "action_absolute" if delta else "action_delta"
    words = "less as absolute values" if delta else "less as deltas"
    if not part.pose:
        yield fault, words, numbers - start if delta else numbers + start
        return
    if delta:
        turned = _rotation_of(part, numbers[:, 3:])
        yield fault, words, encoded(part, start, np.hstack([numbers[:, :3], turned.as_quat()]))
    else:
        turned = _rotation_of(part, numbers[:, 3:])
        for order, frame in ((turned * rotations(start[:, 3:]), "base"), (rotations(start[:, 3:]) * turned, "tool")):
            step = numbers[:, :3] if frame == "base" else rotations(start[:, 3:]).apply(numbers[:, :3])
            absolute = np.hstack([start[:, :3] + step, order.as_quat()])
            yield fault, f"{words} along the axes of the {frame}", encoded(part, start, absolute)


def _rotation_of(part: Part, numbers: np.ndarray) -> Rotation:
    if part.contract.rotation == "rotation_vector":
        return Rotation.from_rotvec(numbers)
    if part.contract.rotation == "quaternion":
        return rotations(numbers)
    columns = numbers.reshape(-1, 2, 3)
    return _of_rows(columns).inv()


def _fitted(part: Part) -> Iterator[Reading]:
    """Yield the numbers with the factor and offset that make them what is expected, where they go together."""
    expected, numbers = part.expected, part.stored
    assert expected is not None
    spread, given = expected.std(axis=0), numbers.std(axis=0)
    moving = (spread > 0.1 * spread.max()) & (given > 1e-9)
    if not moving.any():
        return
    together = np.array(
        [np.corrcoef(expected[:, i], numbers[:, i])[0, 1] if moving[i] else 1.0 for i in range(len(moving))]
    )
    if np.abs(together).min() < CORRELATED:
        return
    gain = np.where(moving, together * spread / np.maximum(given, 1e-9), 1.0)
    read = np.where(moving, (numbers - numbers.mean(axis=0)) * gain + expected.mean(axis=0), expected)
    offset = np.abs(expected.mean(axis=0) - numbers.mean(axis=0) * gain)[moving].max()
    if (gain[moving] < 0.0).any() and np.allclose(np.abs(gain[moving]), 1.0, atol=0.1):
        turned = ", ".join(part.encoding.names[i] for i in np.flatnonzero(moving & (gain < 0.0)))
        yield "action_sign", f"less with {turned} the other way round", read
        return
    words = f"less times {np.abs(gain[moving]).min():.3g} to {np.abs(gain[moving]).max():.3g}"
    yield "action_scaled", f"{words}{' and shifted' if offset > 1e-3 else ''}: is it normalised?", read
