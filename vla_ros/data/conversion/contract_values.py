# SPDX-License-Identifier: Apache-2.0
"""From a bag's sources to a contract's columns: state, action, anchor and the other features.

Shape legend: T frames; sources are sampled at T + 1 times, because an action is where the robot is wanted one later.
"""

from __future__ import annotations

import numpy as np

from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.chunk import ChannelKind, channel_kind, pose_channels
from vla_ros.data.conversion import message_numbers as numbers
from vla_ros.data.conversion import sources
from vla_ros.data.conversion.numeric_streams import NumericSource
from vla_ros.data.datasets.features import ACTION, ANCHOR, STATE
from vla_ros.policies.actions.encoding import ActionEncoding, one_sided
from vla_ros.policies.contract import DataContract, pose_arms
from vla_ros.policies.image_fit import fit_intrinsics
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.topics import commanded_pose_topic

Values = dict[str, np.ndarray]


class ContractValues:
    """What a contract's columns are made of, for one robot."""

    def __init__(self, contract: DataContract, robot: Embodiment) -> None:
        self._side = np.array(contract.quaternion_side)
        self._contract, self._robot, self._encoding = (
            contract,
            robot,
            ActionEncoding(contract.action, contract.quaternion_side),
        )
        self._tools = sources.commanded_tools(contract.action)
        of_joints = [name for name in contract.state if channel_kind(name) in _OF_ONE_JOINT and name not in BASE_AXES]
        named = [name.rpartition("/")[0] for name in of_joints]
        self._joints = list(dict.fromkeys([*named, *contract.action.joints]))
        grippers = [name.rpartition("/")[0] for name in contract.state if channel_kind(name) is ChannelKind.GRIPPER]
        for gripper in dict.fromkeys([*grippers, *contract.action.grippers]):
            self._joints += [joint for joint in robot.gripper(gripper).joints if joint not in self._joints]

    def numeric_sources(self) -> dict[str, NumericSource]:
        """Return how each source that holds numbers is read and what lies between two of its messages."""
        gap = max(self._contract.skew_max_s, 2.0 * self._contract.period)
        result: dict[str, NumericSource] = {}
        sizes = {extra.topic: extra.size for extra in self._contract.features.values() if extra.kind == "numbers"}
        for source in sources.contract_sources(self._contract, self._robot):
            kind = source.types[0]
            if source.types == sources.IMAGE_TYPES:
                continue
            if kind == sources.JOINT_STATE:
                read = NumericSource.lines(lambda m: numbers.joint_numbers(m, self._joints), self._contract.skew_max_s)
            elif kind == sources.POSE and not source.constant:
                read = NumericSource.poses(numbers.pose_numbers, gap)
            elif kind == sources.POSE:
                read = NumericSource.steps(numbers.pose_numbers)
            elif kind == sources.STATUS:
                read = NumericSource.steps(lambda m: numbers.tool_numbers(m, self._tools))
            elif kind == sources.ODOMETRY_TYPE:
                read = NumericSource.lines(numbers.base_velocity_numbers, gap)
            elif kind == sources.CAMERA_INFO:
                read = NumericSource.steps(numbers.intrinsics_numbers)
            elif kind == sources.NUMBERS:
                size = sizes.get(source.topic)
                read = NumericSource.steps(lambda m, size=size: numbers.array_numbers(m, size))  # type: ignore[misc]
            else:
                read = NumericSource.lines(
                    numbers.twist_numbers if kind == sources.TWIST else numbers.wrench_numbers, gap
                )
            result[source.topic] = read
        return result

    def columns(self, sampled: Values) -> Values:
        """Return the columns (T, ...) from sources sampled at T + 1 times."""
        here = {name: values[:-1] for name, values in sampled.items()}
        following = {name: values[1:] for name, values in sampled.items()}
        action = self._contract.action
        state = {name: self._state(name, here) for name in self._contract.state}
        for arm in pose_arms(self._contract.state):
            names = pose_channels(arm)[3:]
            quaternions = one_sided(np.column_stack([state[name] for name in names]), self._side)
            state |= dict(zip(names, quaternions.T, strict=True))
        columns = {STATE: np.column_stack([state[name] for name in self._contract.state])}
        targets = np.hstack([self._moved(following, action.target), self._absolute(following)])
        chain = self._moved(here, action.target)
        columns[ACTION] = self._encoding.encode(targets, chain[0], self._encoding.stored_reference)
        if action.stores_anchor:
            columns[ANCHOR] = self._moved(here, action.anchor)
        for name, extra in self._contract.features.items():
            if extra.kind == "calibration":
                columns[name] = self._calibration(extra.camera, here)
            else:
                columns[name] = here[extra.topic]
        return columns

    def _state(self, channel: str, here: Values) -> np.ndarray:
        owner, _, quantity = channel.rpartition("/")
        kind = channel_kind(channel)
        if kind in (ChannelKind.POSITION, ChannelKind.ORIENTATION):
            return here[f"{owner}/ee_pose"][:, pose_channels(owner).index(channel)]
        if kind is ChannelKind.GRIPPER:
            return self._measured_width(owner, here)
        if channel in BASE_AXES:
            return here[sources.ODOMETRY][:, BASE_AXES.index(channel)]
        row = 0 if quantity == "position" else 1
        return here[sources.JOINT_STATES][:, row, self._joints.index(owner)]

    def _moved(self, values: Values, whose: str) -> np.ndarray:
        """Return poses and joints (T, A) as commanded or measured."""
        action = self._contract.action
        parts = []
        for arm in action.arms:
            topic = f"{arm}/ee_pose" if whose == "measured" else commanded_pose_topic(self._robot, arm)
            parts.append(np.hstack([values[topic][:, :3], one_sided(values[topic][:, 3:], self._side)]))
        for joint in action.joints:
            if whose == "measured":
                parts.append(values[sources.JOINT_STATES][:, 0, [self._joints.index(joint)]])
            else:
                group = next(group for group in self._robot.driven_groups if joint in group.joints)
                parts.append(values[f"{group.name}_position_controller/commands"][:, [group.joints.index(joint)]])
        return np.hstack(parts) if parts else np.empty((len(next(iter(values.values()))), 0))

    def _absolute(self, values: Values) -> np.ndarray:
        """Return widths, suction and the base's velocity (T, ...)."""
        action, parts = self._contract.action, []
        for channel in action.tool_channels:
            if channel in self._tools:
                parts.append(values[sources.PROGRESS][:, [self._tools.index(channel)]])
            else:
                parts.append(self._measured_width(channel.rpartition("/")[0], values)[:, None])
        if action.base and action.target == "commanded":
            parts.append(values[sources.BASE_COMMANDS][:, [0, 1, 5]])
        elif action.base:
            parts.append(values[sources.ODOMETRY])
        return np.hstack(parts) if parts else np.empty((len(next(iter(values.values()))), 0))

    def _measured_width(self, gripper: str, values: Values) -> np.ndarray:
        columns = [self._joints.index(joint) for joint in self._robot.gripper(gripper).joints]
        return values[sources.JOINT_STATES][:, 0, columns].sum(axis=1)

    def _calibration(self, camera: str, here: Values) -> np.ndarray:
        stream = self._contract.cameras[camera]
        recorded = here[sources.info_topic(self._contract, camera)]
        intrinsics = np.array([fit_intrinsics(row, stream, camera) for row in recorded])
        return np.hstack([intrinsics, here[f"cameras/{camera}/pose"]])


_OF_ONE_JOINT = (ChannelKind.JOINT, ChannelKind.VELOCITY)
