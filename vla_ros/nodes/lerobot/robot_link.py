# SPDX-License-Identifier: Apache-2.0
"""LeRobot's robot: exposures with the state of their time out, actions in, through control and its gate."""

from __future__ import annotations

import time

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.nodes.lerobot.action_steps import ActionSteps
from vla_ros.nodes.lerobot.state_link import CONNECT_S, StateLink
from vla_ros.nodes.policy.needed_cameras import Exposure, NeededCameras
from vla_ros.nodes.policy.observation_builder import NotReady
from vla_ros.policies.actions.contract_state import contract_values
from vla_ros.policies.contract import DataContract
from vla_ros.policies.image_fit import fit_image
from vla_ros.policies.needs import CameraNeed, Needs, groups_of
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import Embodiment

SOURCE, OPERATOR = "policy", "teleop"
STALE_S = 3.0  # [s] without an exposure
RETRY_S = 0.02  # [s] between two looks for the joints of an exposure
EARLY = 0.3  # of a period, by which an exposure may come sooner than the contract says
ENABLE_S = 5.0  # [s] for control's answer
RECOVER = "./vla recover, then start again"


class RobotLink(StateLink):
    """See and move. Exposures are taken no faster than the contract's frames, so that a row keeps its meaning."""

    def __init__(self, contract: DataContract, robot: Embodiment, namespace: str) -> None:
        needs = self.needs(contract, robot)
        super().__init__("lerobot_robot", contract, robot, namespace, needs)
        self._steps = ActionSteps(contract, robot)
        self._exposure: tuple[float, tuple[Exposure, ...]] | None = None
        self._taken = float("-inf")  # [s] stamp of the last one that was given
        self._cameras = NeededCameras(
            self, robot, needs, self._on_exposure, contract.reference_camera, contract.skew_max_s
        )
        self._chunks = self.create_publisher(JointTrajectory, f"{SOURCE}/action_chunk", qos.EVENTS)
        self._enable = self.create_client(SetBool, "control/enable")
        self.create_subscription(DiagnosticStatus, "control/transitions", self._on_transition, qos.EVENTS)
        self._refused = ""
        self._enabled = False  # by us

    @classmethod
    def needs(cls, contract: DataContract, robot: Embodiment) -> Needs:
        """Return the contract's cameras in colour, and its groups."""
        cameras = tuple(CameraNeed(name) for name in contract.cameras)
        groups = groups_of((*contract.state, *contract.action.channels), robot)
        return Needs(cameras, groups=groups, instruction=False)

    def connect(self, where: str, start: str) -> None:
        """Wait until everything is heard, and take the arm. Raises VlaError that says what is missing."""
        self.wait_for_robot(where, start)
        if self.contract.cameras and not self.wait_for(lambda: self._exposure is not None, CONNECT_S):
            silent = self._cameras.waiting_for or "their exposures are never of the same time"
            names = ",".join(self.contract.cameras)
            raise VlaError(f"cameras of contract '{self.contract.name}': {silent}: launch with cameras:={names}")
        self._refuse_others()
        self._take_arm()

    def observe(self) -> tuple[float, np.ndarray, dict[str, np.ndarray]]:
        """Return the stamp [s] of the next exposure, the state (S,) of its time and pictures (H, W, 3) uint8 by camera.

        Raises VlaError where a camera or the joints are stale.
        """
        stamp, observation = self._next()
        state = contract_values(self.contract, observation.state.values, self.contract.state)
        pictures = {
            name: fit_image(observation.cameras[name].color, stream, name)
            for name, stream in self.contract.cameras.items()
        }
        return stamp, state, pictures

    def act(self, action: np.ndarray) -> tuple[np.ndarray, dict[str, object]]:
        """Send an action (D,); return the one that was sent, and what is to be said of it.

        While an operator has the arm nothing is sent, and what he commands is returned. Raises VlaError with control's
        reason where it takes none at all: e-stop, fault, disabled; and where another node sends chunks too, which may
        be discovered, or start, long after the connection.
        """
        self._refuse_others()
        observation, progress = self.state(), self.progress
        if progress.estop or not progress.follows:
            reason = "e-stop" if progress.estop else progress.held or progress.hold_reason or "disabled"
            raise VlaError(f"control takes no action ({reason}): {RECOVER}")
        if progress.source == OPERATOR:
            row = self._steps.row(self.known(observation), observation)
            return row, {"sent": False, "said": "an operator has the arm: what he commands is what is done"}
        chunk, row = self._steps.step(action, observation, self.stamp)
        self._chunks.publish(messages.chunk_message(chunk))
        said = f"control refused an action: {self._refused}" if self._refused else ""
        if not said and self._steps.approaching:
            said = "the arm comes to what is asked for slowly"
        return row, {"sent": True, "said": said, "stamp": self.stamp}

    def close(self) -> None:
        """Have the robot hold itself, unless somebody else had enabled it."""
        if self._enabled and self._enable.service_is_ready():
            self._enabled = False
            asked = self._enable.call_async(SetBool.Request(data=False))
            self.wait_for(asked.done, ENABLE_S)

    def _refuse_others(self) -> None:
        for info in self.get_publishers_info_by_topic(self._chunks.topic_name):
            if info.node_name != self.get_name():
                raise VlaError(
                    f"{info.node_name} already sends {self._chunks.topic_name}: "
                    "launch a job that moves nothing by itself, such as teleop"
                )

    def _take_arm(self) -> None:
        if self.progress.estop:
            raise VlaError(f"the e-stop is latched: {RECOVER}")
        self._steps.reset()
        if self.progress.follows:
            return
        if not self.wait_for(self._enable.service_is_ready, ENABLE_S):
            raise VlaError("nobody offers control/enable: is the graph still starting?")
        asked = self._enable.call_async(SetBool.Request(data=True))
        if not self.wait_for(asked.done, ENABLE_S):
            raise VlaError("control does not answer control/enable")
        answer = asked.result()
        if not answer.success:
            raise VlaError(f"control cannot be enabled: {answer.message}")
        self._enabled = True
        if not self.wait_for(lambda: self.progress.follows, ENABLE_S):
            raise VlaError(f"control was enabled and is held ({self.progress.hold_reason}): {RECOVER}")

    def _next(self) -> tuple[float, Observation]:
        deadline, reason = time.monotonic() + STALE_S, ""
        while time.monotonic() < deadline:
            with self.changed:
                if not self._due(exposure := self._exposure):
                    self.changed.wait(RETRY_S)
                    continue
            assert exposure is not None  # it is due
            stamp, pictures = exposure
            try:
                views, _ = self._cameras.views(pictures) if pictures else ({}, {})
                observation = self._builder.build(stamp, "", views)
            except NotReady as error:
                reason = str(error)
                time.sleep(RETRY_S)
                continue
            self._taken = stamp
            return stamp, observation
        self.check_heard()
        raise VlaError(reason or self._cameras.waiting_for or f"no new exposure for {STALE_S:g} s")

    def _due(self, exposure: tuple[float, tuple[Exposure, ...]] | None) -> bool:
        if exposure is None:
            return False
        later = exposure[0] - self._taken
        return later >= (1.0 - EARLY) * self.contract.period or later < -1.0  # time was set back

    def _on_exposure(self, stamp: float, exposures: tuple[Exposure, ...]) -> None:
        with self.changed:
            self._exposure = (stamp, exposures)
            self.changed.notify_all()

    def _on_joints(self, sample: messages.JointSample) -> None:
        super()._on_joints(sample)
        if not self.contract.cameras:
            self._on_exposure(sample.stamp, ())

    def _on_transition(self, message: DiagnosticStatus) -> None:
        if messages.diagnostic_values(message).get("source") == SOURCE:
            self._refused = message.message if message.level == messages.WARN else ""
