# SPDX-License-Identifier: Apache-2.0
"""Play an excitation through control and record the joints: what `vla identify record` does on a running graph."""

from __future__ import annotations

import sys

from sensor_msgs.msg import JointState

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.nodes.arm.client import ArmClient
from vla_ros.nodes.arm.way_home import WayHome
from vla_ros.robots.identification.excitation import Excitation
from vla_ros.robots.identification.player import ExcitationPlayer
from vla_ros.robots.identification.recording import ExcitationRecording

SPARE_S = 10.0  # [s] beyond the excitation's own time, times SLOWEST
SLOWEST = 10.0  # a simulation may be this much slower than real time
SHOW_EVERY_S = 5.0  # [s] of the excitation


class ExcitationRun:
    """One run: subscribes to every joint state, sends chunks as the planner."""

    def __init__(self, node: ArmClient, way: WayHome, excitation: Excitation, with_gravity: bool) -> None:
        self._node, self._way, self._excitation = node, way, excitation
        arm = node.embodiment.only_arm
        self._reader = messages.JointStateReader(arm.joints)
        self._player = ExcitationPlayer(
            excitation, node.embodiment.name, arm.name, node.embodiment.base_frame, with_gravity
        )
        self._problem = ""
        self._shown = 0.0

    def go(self) -> ExcitationRecording:
        """Play and return the recording. Raises VlaError with the reason when it cannot be played to its end."""
        subscription = self._node.create_subscription(JointState, "joint_states", self.on_joint_state, qos.BUFFERED)
        try:
            timeout = SLOWEST * self._excitation.duration + SPARE_S
            ended = self._way.spin_until(lambda: bool(self._problem) or self._player.finished, timeout)
        finally:
            self._node.destroy_subscription(subscription)
        if self._problem:
            raise VlaError(self._problem)
        if not ended:
            raise VlaError(f"interrupted after {self._player.elapsed:.1f} s: nothing was recorded")
        return self._player.recording()

    def on_joint_state(self, message: JointState) -> None:
        """Keep a joint state and send what is due."""
        if self._problem or self._player.finished:
            return
        if not set(self._reader.joints).intersection(message.name):
            return  # others say where joints of theirs are
        sample = self._reader.read(message)
        effort = self._reader.read_effort(message)
        if sample is None or effort is None:
            self._problem = "joint_states lacks the arm's joints or their effort: it needs position, velocity, effort"
            return
        progress = self._node.progress
        try:
            chunk = self._player.take(
                sample.stamp, sample.position.copy(), sample.velocity.copy(), effort.copy(),
                progress.hold_reason or ("" if progress.source == "planner" else f"moved by '{progress.source}'"),
            )  # fmt: skip
        except VlaError as error:
            self._problem = f"{error}{f' ({progress.refused})' if progress.refused else ''}"
            return
        if chunk is not None:
            self._node.plan(chunk)
        if self._player.elapsed - self._shown >= SHOW_EVERY_S:
            self._shown = self._player.elapsed
            print(f"  {self._shown:.0f} of {self._excitation.duration:.0f} s", file=sys.stderr, flush=True)
