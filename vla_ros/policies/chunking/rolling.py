# SPDX-License-Identifier: Apache-2.0
"""Roll the robot's state on by what a chunk will have done.

Shape legend: C channels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import ActionChunk, pose_channels
from vla_ros.policies.chunking.sampling import sample_chunk
from vla_ros.policies.observation import ArmState, EndEffectorState, JointGroupState, Observation, RobotState

Jointed = TypeVar("Jointed", ArmState, JointGroupState)


def rolled_on(observation: Observation, chunk: ActionChunk, ahead: float) -> Observation:
    """Return the observation with the robot where `chunk`, which is being executed, has it `ahead` [s] later.

    The motion that the chunk wants in that time is added to what is measured and to what is commanded, so that a lag
    stays a lag. Its stamp, the pictures and the base are left as they were seen, and so is what the chunk does not
    move: of an arm whose pose is told the joints, of one whose joints are told the pose.
    """
    begin, end = sample_chunk(chunk, np.array([observation.stamp, observation.stamp + ahead]))
    columns = chunk.layout.columns
    motion = _Motion(*({name: values[column] for name, column in columns.items()} for values in (begin, end)))
    return dataclasses.replace(
        observation, state=_after(observation.state, motion), commanded=_after(observation.commanded, motion)
    )


@dataclass(frozen=True, eq=False)
class _Motion:
    """The values of each channel, now and then."""

    now: Mapping[str, float]
    then: Mapping[str, float]

    def pose(self, arm: str, values: Mapping[str, float]) -> tuple[np.ndarray, Rotation] | None:
        """Return position (3,) [m] and rotation of an arm whose pose is told."""
        names = pose_channels(arm)
        if names[0] not in values:
            return None
        numbers = np.array([values[name] for name in names])
        return numbers[:3], Rotation.from_quat(numbers[3:])


def _after(state: RobotState, motion: _Motion) -> RobotState:
    return dataclasses.replace(
        state,
        arms={name: _arm(name, _joints(arm, motion), motion) for name, arm in state.arms.items()},
        joint_groups={name: _joints(group, motion) for name, group in state.joint_groups.items()},
        end_effectors={name: _tool(name, tool, motion) for name, tool in state.end_effectors.items()},
    )


def _arm(name: str, arm: ArmState, motion: _Motion) -> ArmState:
    now, then = motion.pose(name, motion.now), motion.pose(name, motion.then)
    if now is None or then is None:
        return arm
    T = arm.T_base_ee.copy()
    T[:3, 3] += then[0] - now[0]
    T[:3, :3] = (then[1] * now[1].inv()).as_matrix() @ T[:3, :3]
    return dataclasses.replace(arm, T_base_ee=T)


def _joints(group: Jointed, motion: _Motion) -> Jointed:
    channels = [f"{joint}/position" for joint in group.joints]
    if not all(channel in motion.now for channel in channels) or not channels:
        return group
    step = np.array([motion.then[channel] - motion.now[channel] for channel in channels])
    return dataclasses.replace(group, q=group.q + step)


def _tool(name: str, tool: EndEffectorState, motion: _Motion) -> EndEffectorState:
    """Return an end effector after it: what a gripper is told it does, if it does anything, at once."""
    channel = f"{name}/width"
    if tool.width is None or motion.now.get(channel) == motion.then.get(channel):
        return tool
    return dataclasses.replace(tool, width=motion.then[channel])
