# SPDX-License-Identifier: Apache-2.0
"""Poses of the state: what forward kinematics says of the joints, read in every usual wrong way as well.

Shape legend: N frames, of which up to SAMPLES are looked at; J joints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.data.conventions.finding import Answers, Finding, Untold
from vla_ros.data.conventions.joints import orders
from vla_ros.data.conventions.recording import Recording, pose_distance, poses_of, rotations, transforms_of
from vla_ros.robots.embodiment import ArmGroup

SAMPLES = 400
POSITION_ROOM, ANGLE_ROOM = 0.01, 0.05  # [m], [rad] between a measured pose and forward kinematics
LAGS = tuple(lag for lag in range(-3, 11) if lag)  # frames that a pose may be behind its joints

Reading = tuple[str, str, np.ndarray, np.ndarray]  # fault, in words, poses as read (S, 7), as the joints say (S, 7)


def check_quaternions(recording: Recording) -> Answers:
    """Yield quaternions that are not of length 1."""
    for arm in recording.robot.arms:
        pose = recording.pose(arm)
        if pose is None:
            continue
        where, quaternions = f"pose of {arm.name}", pose[:, 3:]
        length = np.linalg.norm(quaternions, axis=1)
        if (np.abs(length - 1.0) > 0.02).mean() > 0.01:
            recording.doubted.add(where)
            yield Finding(
                "quaternion_norm", where, f"quaternions have a length of {length.min():.2f} to {length.max():.2f}"
            )


def check_poses(recording: Recording) -> Answers:
    """Yield arms whose poses are not those of their joints, by the way in which they would be."""
    for arm in recording.robot.arms:
        pose, q = recording.pose(arm), recording.joints(arm)
        if pose is None:
            continue
        where = f"pose of {arm.name}"
        if q is None:
            if recording.stored_joints(arm) is None:
                yield Untold(where, "the state has no joints to compute it from")
            continue
        finding = _judged(recording, arm, pose, q)
        if finding is None:
            continue
        recording.doubted.add(where)
        if finding.fault.startswith("joint"):
            recording.doubted.add(f"joints of {arm.name}")
        yield finding


def check_sides(recording: Recording) -> Answers:
    """Yield orientations on the other side of the contract's `quaternion_side`."""
    side = np.array(recording.contract.quaternion_side)
    for arm in recording.robot.arms:
        pose = recording.pose(arm)
        if pose is None:
            continue
        other = (pose[:, 3:] @ side < -1e-3).mean()
        if other > 0.0:
            yield Finding(
                "quaternion_side",
                f"pose of {arm.name}",
                f"{100.0 * other:.0f} % of the quaternions are nearer to the negative of quaternion_side "
                f"({', '.join(f'{x:g}' for x in side)}): q and -q are one rotation, a policy sees a jump",
            )


def _judged(recording: Recording, arm: ArmGroup, pose: np.ndarray, q: np.ndarray) -> Finding | None:
    """Return what is wrong with an arm's poses (N, 7) beside its joints (N, J), None where they agree."""
    chosen = np.unique(np.linspace(0, len(recording) - 1, SAMPLES).astype(int))
    free_origin = recording.carried(arm)
    plain = recording.forward(arm, q[chosen])
    shift, angle = _distance(pose[chosen], plain, free_origin)
    if _near(shift, angle):
        return None
    seen = f"{1000.0 * shift:.0f} mm and {np.degrees(angle):.0f}° from where the joints have the tool (median)"
    where = f"pose of {arm.name}"
    for fault, words, read, computed in _readings(recording, arm, chosen, pose, q, plain):
        if _near(*_distance(read, computed, free_origin)):
            return Finding(fault, where, f"{seen}; {words}")
    return Finding("pose_unknown", where, f"{seen}, and in no usual other convention there either")


def _distance(read: np.ndarray, computed: np.ndarray, free_origin: bool) -> tuple[float, float]:
    """Return how far poses are apart; `free_origin`: joints that the state does not tell carry the arm."""
    if free_origin:
        away = np.median(computed[:, :3] - read[:, :3], axis=0)
        read = np.hstack([read[:, :3] + away, read[:, 3:]])
    return pose_distance(read, computed)


def _near(shift: float, angle: float) -> bool:
    return shift <= POSITION_ROOM and angle <= ANGLE_ROOM


def _readings(
    recording: Recording, arm: ArmGroup, chosen: np.ndarray, pose: np.ndarray, q: np.ndarray, plain: np.ndarray
) -> Iterator[Reading]:
    """Yield poses (N, 7) of the `chosen` frames in other conventions, `plain` being what their joints (N, J) say."""
    p, quaternion = pose[chosen, :3], pose[chosen, 3:]

    def said(fault: str, words: str, P: np.ndarray = p, Q: np.ndarray = quaternion) -> Reading:
        return fault, words, np.hstack([P, Q]), plain

    yield said("quaternion_order", "they agree as w, x, y, z", Q=quaternion[:, [1, 2, 3, 0]])
    for factor, unit in ((0.001, "millimetres"), (0.01, "centimetres"), (0.0254, "inches")):
        yield said("position_unit", f"they agree in {unit}", P=p * factor)
    inverse = np.linalg.inv(transforms_of(pose[chosen]))
    yield "rotation_inverse", "they agree as the base seen from the tool", poses_of(inverse), plain
    conjugate = rotations(quaternion).inv().as_quat()
    yield said("rotation_inverse", "they agree with the rotation the other way round", Q=conjugate)
    for other in recording.robot.arms:
        theirs, joints = recording.pose(other), recording.joints(other)
        if other is not arm and theirs is not None and joints is not None and len(other.joints) == len(arm.joints):
            words = f"they agree with the joints of {other.name}"
            yield "arms_exchanged", words, pose[chosen], recording.forward(other, joints[chosen])
    yield from _of_joints(arm, pose[chosen], q[chosen], partial(recording.forward, arm))
    for lag in LAGS:
        frames = recording.follows(lag)
        frames = frames[:: max(1, len(frames) // SAMPLES)]
        if len(frames):
            words = f"they agree {abs(lag)} frames {'before' if lag > 0 else 'after'}: the pose is not of its frame"
            yield "state_late", words, pose[frames + lag], recording.forward(arm, q[frames])
    yield from _of_frames(pose[chosen], plain)


def _of_joints(
    arm: ArmGroup, stored: np.ndarray, q: np.ndarray, at: Callable[[np.ndarray], np.ndarray]
) -> Iterator[Reading]:
    """Yield stored poses (S, 7) beside those `at` joints (S, J) in other conventions."""
    yield "joint_unit", "they agree with joints in degrees", stored, at(np.radians(q))
    for index, joint in enumerate(arm.joints):
        flipped = q.copy()
        flipped[:, index] *= -1.0
        yield "joint_sign", f"they agree with {joint} the other way round", stored, at(flipped)
    for order in orders(len(arm.joints))[:40]:
        named = ", ".join(arm.joints[i] for i in np.argsort(order))
        yield "joint_order", f"they agree with the joints read as {named}", stored, at(q[:, list(order)])
    few = np.linspace(0, len(q) - 1, 12).astype(int)
    for index, joint in enumerate(arm.joints[1:-1], 1):  # of the first and the last one: another base, another tool
        offset = _best_offset(at, q[few], stored[few], index)
        moved = q.copy()
        moved[:, index] += offset
        yield "joint_zero", f"they agree with {joint} turned by {offset:+.2f} rad", stored, at(moved)


def _best_offset(at: Callable[[np.ndarray], np.ndarray], q: np.ndarray, stored: np.ndarray, index: int) -> float:
    """Return the constant [rad] that added to one joint brings the tool nearest to the stored poses."""

    def cost(offsets: np.ndarray) -> np.ndarray:
        moved = np.repeat(q[None], len(offsets), axis=0)
        moved[:, :, index] += offsets[:, None]
        computed = at(moved.reshape(-1, q.shape[1])).reshape(len(offsets), len(q), 7)
        return np.linalg.norm(computed[..., :3] - stored[:, :3], axis=2).mean(axis=1)

    offsets = np.linspace(-np.pi, np.pi, 73)
    for width in (0.1, 0.01, 0.001):
        best = offsets[int(cost(offsets).argmin())]
        offsets = best + np.linspace(-width, width, 21)
    return float(best)


def _of_frames(stored: np.ndarray, plain: np.ndarray) -> Iterator[Reading]:
    """Yield poses seen from another base, and of another point of the tool: one constant transform between."""
    T, F = transforms_of(stored), transforms_of(plain)
    for fault, constant, words in (
        ("base_frame", T @ np.linalg.inv(F), "they agree from a base"),
        ("tool_frame", np.linalg.inv(F) @ T, "they agree for a tool"),
    ):
        mean = np.eye(4)
        mean[:3, 3] = np.median(constant[:, :3, 3], axis=0)
        mean[:3, :3] = Rotation.from_matrix(constant[:, :3, :3]).mean().as_matrix()
        moved = mean @ F if fault == "base_frame" else F @ mean
        away, turned = mean[:3, 3], np.degrees(Rotation.from_matrix(mean[:3, :3]).as_rotvec())
        where = f"at ({', '.join(f'{x:.3f}' for x in away)}) m, turned by ({', '.join(f'{x:.0f}' for x in turned)})°"
        yield fault, f"{words} {where}", stored, poses_of(moved)
