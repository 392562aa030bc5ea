# SPDX-License-Identifier: Apache-2.0
"""A server's rows of numbers to absolute targets of a robot.

Shape legend: H actions, D numbers of an action, N joints.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.policies.actions.encoding import continuous
from vla_ros.policies.observation import Observation, RobotState
from vla_ros.policies.remote.foreign.contract import (
    ABSOLUTE_ROTATIONS,
    GRIPPER,
    JOINT_STEPS,
    JOINTS,
    POSITION,
    POSITION_STEPS,
    SIZES,
    STEP_ROTATIONS,
    ActionPart,
    ServerContract,
    named_arm,
    named_gripper,
)
from vla_ros.policies.remote.foreign.state import transform
from vla_ros.robots.embodiment import Embodiment

MARGIN = 0.01  # [rad] of a joint's limits


class ServerActions:
    """What the actions of one contract move on one robot."""

    def __init__(self, contract: ServerContract, robot: Embodiment) -> None:
        self._contract, self._robot = contract, robot
        self._T_server_base, self._T_tool = transform(contract.base), transform(contract.tool)
        self.sizes = tuple(
            SIZES.get(part.kind) or len(named_arm(robot, part.arm).joints) for part in contract.actions
        )  # numbers of each part
        gives = contract.gives(robot)
        self._poses, self._joints, self._grippers = gives.arms, gives.joints, gives.grippers

    def targets(self, rows: np.ndarray, observation: Observation) -> np.ndarray:
        """Return poses, joints and widths (H, C) in the order of the action contract's channels.

        `rows` (H, D) are the parts' numbers, one part behind the other. Steps go on from what is commanded. Raises
        ConfigError for an orientation that is none.
        """
        commanded = observation.commanded
        ends = np.cumsum(self.sizes)
        numbers = dict(zip(self._contract.actions, np.split(rows, ends[:-1], axis=1), strict=True))
        poses, joints, widths = {}, {}, {}
        for arm in self._contract.arms:
            parts = {part.kind: part for part in self._contract.actions if part.arm == arm}
            values = {kind: numbers[part] for kind, part in parts.items()}
            if JOINTS in parts or JOINT_STEPS in parts:
                joints[named_arm(self._robot, arm).name] = self._joint_targets(arm, parts, values, commanded)
            elif POSITION in parts or POSITION_STEPS in parts:
                poses[named_arm(self._robot, arm).name] = self._pose_targets(arm, parts, values, commanded)
            if GRIPPER in parts:
                gripper = named_gripper(self._robot, arm)
                told = commanded.end_effectors.get(gripper.name) or observation.state.end_effectors[gripper.name]
                widths[gripper.name] = _widths(
                    parts[GRIPPER], values[GRIPPER][:, 0], gripper.width_min, gripper.width_max, told.width
                )
        columns = [*(poses[name] for name in self._poses), *joints.values()]
        return np.column_stack([*columns, *(widths[name] for name in self._grippers)])

    def _joint_targets(
        self, arm: str, parts: dict[str, ActionPart], values: dict[str, np.ndarray], commanded: RobotState
    ) -> np.ndarray:
        """Return joints (H, N). Steps end at the limits: a chunk beyond them would be refused as a whole."""
        if JOINTS in parts:
            return values[JOINTS]
        group = named_arm(self._robot, arm)
        low, high = group.lower + MARGIN, group.upper - MARGIN
        q = np.asarray(commanded.arms[group.name].q, dtype=float)
        targets = np.empty_like(values[JOINT_STEPS])
        for k, step in enumerate(_steps(parts[JOINT_STEPS], values[JOINT_STEPS])):
            # Where the arm is commanded to be may lie within the margin: it moves no further into it.
            q = np.clip(q + step, np.minimum(low, q), np.maximum(high, q))
            targets[k] = q
        return targets

    def _pose_targets(
        self, arm: str, parts: dict[str, ActionPart], values: dict[str, np.ndarray], commanded: RobotState
    ) -> np.ndarray:
        """Return tool poses (H, 7), position and quaternion xyzw, in the robot's base frame."""
        T = self._T_server_base @ commanded.arms[named_arm(self._robot, arm).name].T_base_ee @ self._T_tool
        if POSITION_STEPS in parts:
            kind = next(kind for kind in parts if kind in STEP_ROTATIONS)
            positions = T[:3, 3] + np.cumsum(_steps(parts[POSITION_STEPS], values[POSITION_STEPS]), axis=0)
            turns = _rotations(kind.removesuffix("_steps"), _steps(parts[kind], values[kind]))
            chain = [Rotation.from_matrix(T[:3, :3])]
            for turn in turns:
                chain.append(turn * chain[-1])
            rotations = Rotation.concatenate(chain[1:])
        else:
            kind = next(kind for kind in parts if kind in ABSOLUTE_ROTATIONS)
            positions, rotations = values[POSITION], _rotations(kind, values[kind])
        T_server = np.tile(np.eye(4), (len(positions), 1, 1))
        T_server[:, :3, :3], T_server[:, :3, 3] = rotations.as_matrix(), positions
        T_base = np.linalg.inv(self._T_server_base) @ T_server @ np.linalg.inv(self._T_tool)
        return np.column_stack([T_base[:, :3, 3], continuous(Rotation.from_matrix(T_base[:, :3, :3]).as_quat())])


def _steps(part: ActionPart, values: np.ndarray) -> np.ndarray:
    """Return steps (H, …) in rad or m."""
    return part.scale * (np.clip(values, -part.bound, part.bound) if part.bound else values)


def _rotations(name: str, values: np.ndarray) -> Rotation:
    """Return rotations of their numbers (H, …)."""
    if name == "rotation_vector":
        return Rotation.from_rotvec(values)
    if name == "euler":
        return Rotation.from_euler("xyz", values)
    if name == "quaternion":
        if (np.linalg.norm(values, axis=1) < 1e-6).any():
            raise ConfigError("an orientation is a quaternion of zeros")
        return Rotation.from_quat(values)
    first, second = values[:, :3], values[:, 3:]
    x = first / np.maximum(np.linalg.norm(first, axis=1, keepdims=True), 1e-12)
    y = second - (x * second).sum(axis=1, keepdims=True) * x
    lengths = np.linalg.norm(y, axis=1, keepdims=True)
    if (np.linalg.norm(first, axis=1) < 1e-6).any() or (lengths < 1e-6).any():
        raise ConfigError("an orientation's two columns are zero or parallel")
    y = y / lengths
    return Rotation.from_matrix(np.stack([x, y, np.cross(x, y)], axis=2))


def _widths(part: ActionPart, values: np.ndarray, low: float, high: float, start: float | None) -> np.ndarray:
    """Return a gripper's widths (H,) [m]."""
    if part.proportional:
        return low + (high - low) * np.clip((values - part.closed) / (part.open - part.closed), 0.0, 1.0)
    meant = [(part.open, high), (part.closed, low)]
    if part.hold is None:
        # Halfway is open, as DROID's and LIBERO's clients have it.
        return np.where(abs(values - part.closed) < abs(values - part.open), low, high)
    widths, last = np.empty_like(values), high if start is None else start
    for k, value in enumerate(values):
        number, width = min([*meant, (part.hold, last)], key=lambda one: abs(value - one[0]))
        last = widths[k] = last if number == part.hold else width
    return widths
