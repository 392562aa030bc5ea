# SPDX-License-Identifier: Apache-2.0
"""LeRobot's teleoperator: what a leader arm, or an operator, asks of the robot, as an action of the contract."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.spatial.transform import Rotation
from trajectory_msgs.msg import JointTrajectory

from controllers.arm.inverse_kinematics import solve_ik
from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk, ChannelKind, pose_channels
from controllers.errors import ChunkError, VlaError
from controllers.rotations import from_matrix
from vla_ros import messages, qos
from vla_ros.nodes.bridge.leader_feed import LeaderFeed
from vla_ros.nodes.lerobot.action_steps import ActionSteps
from vla_ros.nodes.lerobot.state_link import CONNECT_S, SILENCE_MAX_S, StateLink
from vla_ros.policies.contract import DataContract
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.teleop.leader.config import load_leader
from vla_ros.teleop.leader.mapping import LeaderError, LeaderMapping, LeaderPose


class LeadingLink(StateLink):
    """Read what is asked for now. `leader` is the namespace of leader arms; empty: whoever drives by `teleop/…`."""

    def __init__(
        self, contract: DataContract, robot: Embodiment, namespace: str, leader: str = "", leader_map: str = ""
    ) -> None:
        """Raises ConfigError for a leader that does not fit the robot."""
        super().__init__("lerobot_teleoperator", contract, robot, namespace, self.needs(contract, robot))
        self._steps, self._leader = ActionSteps(contract, robot), leader
        self._arms = {arm.name: ArmModel(expand_urdf(robot), arm.joints, arm.tool_frame) for arm in robot.arms}
        self._poses: dict[str, tuple[float, LeaderPose]] = {}  # [s] monotonic, by arm
        self._problem = ""
        self._chunk: ActionChunk | None = None
        if leader:
            self._mapping = LeaderMapping(load_leader(leader_map), robot)
            self._leader_feed = LeaderFeed(self, leader, self._mapping.topics, self._on_leader)
        else:
            self.create_subscription(JointTrajectory, "teleop/action_chunk", self._on_chunk, qos.EVENTS, raw=True)

    def connect(self, where: str, start: str) -> None:
        """Wait until everything is heard. Raises VlaError that says what is missing."""
        self.wait_for_robot(where, start)
        if self._leader and not self.wait_for(lambda: bool(self._poses), CONNECT_S):
            topics = ", ".join(f"{self._leader.rstrip('/')}/{topic}" for topic in self._mapping.topics)
            raise VlaError(self._problem or f"nothing is heard of the leader on {topics}: start its driver")

    def read(self) -> np.ndarray:
        """Return the action (D,) that is asked for now: what nobody asks anything of stays as it is commanded.

        Raises VlaError for a leader that is silent, or cannot be used.
        """
        observation = self.state()
        known = self.known(observation)
        asked = self._led(observation) if self._leader else self._operated(observation)
        return self._steps.row({**known, **asked}, observation)

    def close(self) -> None:
        """Nothing to give back."""

    # -- a leader ------------------------------------------------------------------------------------------------------
    def _led(self, observation: Observation) -> dict[str, float]:
        if self._problem:
            raise VlaError(self._problem)
        asked: dict[str, float] = {}
        for arm, (heard, pose) in self._poses.items():
            silent = time.monotonic() - heard
            if silent > SILENCE_MAX_S:  # for less the arm stays where the leader was
                raise VlaError(f"the leader of {arm} has not been heard for {silent:.1f} s: is its driver running?")
            asked |= {f"{joint}/position": q for joint, q in zip(self._joints(arm), pose.q.tolist(), strict=True)}
            asked |= self._pose_of(arm, pose.q, observation)
            asked |= {
                f"{gripper}/width": (1.0 - closed) * self.robot.gripper(gripper).width_max
                for gripper, closed in pose.closed.items()
            }
        return asked

    def _on_leader(self, device: int, names: Sequence[str], positions: Sequence[float], arrival: float) -> None:
        try:
            found = self._mapping.read(device, names, positions)
        except LeaderError as error:
            self._problem = str(error)
            return
        self._problem = ""
        self._poses |= {arm: (arrival, pose) for arm, pose in found.items()}

    # -- an operator ---------------------------------------------------------------------------------------------------
    def _operated(self, observation: Observation) -> dict[str, float]:
        """Return what the operator's chunk says of a period later, poses as joints too; nothing where it has ended."""
        chunk = self._chunk
        if chunk is None or not 0.0 <= self.stamp - chunk.stamp <= chunk.duration:
            return {}
        at = min(self.stamp - chunk.stamp + self.contract.period, chunk.duration)
        point = int(np.searchsorted(chunk.times, at - 1e-9))
        asked = {
            channel: float(chunk.values[point, column])
            for channel, column in chunk.layout.columns.items()
            if chunk.kinds[column] is not ChannelKind.STATUS
        }
        for arm in chunk.arms:
            asked |= self._joints_of(arm, asked, observation)
        return asked

    def _joints_of(self, arm: str, asked: Mapping[str, float], observation: Observation) -> dict[str, float]:
        """Return the joints near where they are that bring the tool where it is asked for; none that do: none."""
        if not set(self.contract.action.joints) & set(self._joints(arm)):
            return {}
        pose = np.array([asked[channel] for channel in pose_channels(arm)])
        T_base_ee = np.eye(4)
        T_base_ee[:3, 3], T_base_ee[:3, :3] = pose[:3], Rotation.from_quat(pose[3:]).as_matrix()
        model = self._placed(arm, observation)
        q = solve_ik(model, T_base_ee, observation.state.arms[arm].q, starts=1)
        return {} if q is None else dict(zip((f"{j}/position" for j in self._joints(arm)), q.tolist(), strict=True))

    def _on_chunk(self, message: bytes) -> None:
        try:
            self._chunk = messages.chunk_from_bytes(message)
        except ChunkError:  # control refuses it, and says so
            self._chunk = None

    # -- the arm -------------------------------------------------------------------------------------------------------
    def _pose_of(self, arm: str, q: np.ndarray, observation: Observation) -> dict[str, float]:
        if arm not in self.contract.action.arms:
            return {}
        T = np.array(self._placed(arm, observation).forward(q))
        numbers = [*T[:3, 3].tolist(), *np.asarray(from_matrix(T[:3, :3])).tolist()]
        return dict(zip(pose_channels(arm), numbers, strict=True))

    def _placed(self, arm: str, observation: Observation) -> ArmModel:
        model = self._arms[arm]
        carriers = [observation.state.values[f"{joint}/position"] for joint in model.mount.carriers]
        model.mount.place(np.array(carriers))
        return model

    def _joints(self, arm: str) -> tuple[str, ...]:
        return next(one.joints for one in self.robot.arms if one.name == arm)
