# SPDX-License-Identifier: Apache-2.0
"""One arm's share of whole-body control: it says where its tool or its joints are to be, all others with it."""

from __future__ import annotations

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.chunks.progress import ArmCommand
from controllers.chunks.track import CARTESIAN, JOINT, Track
from controllers.drives.drive import Drive
from controllers.safety.workspace import Workspace
from controllers.whole_body.hand_path import HandPath
from controllers.whole_body.shared_body import SharedBody


class BodyArmDrive(Drive):
    """Joint positions out of the programme for all."""

    command = "position"
    stops_at_acceleration = False  # it never sends on more than the joints can

    def __init__(self, body: SharedBody, name: str, model: ArmModel, limits: ArmLimits) -> None:
        """Drive the arm of `model` by the programme of `body`."""
        control, config = body.control, body.config
        self._part = control.parts[name]
        self.motion: HandPath = HandPath(control, model, limits, config)
        self.q, self.dq = control.q[self._part], control.dq[self._part]  # views [rad], [rad/s] commanded
        self._model: ArmModel = model
        self._body, self._control, self._name, self._config = body, control, name, config

    @property
    def manipulability(self) -> float:  # type: ignore[override]
        """Return Yoshikawa's measure at the last look at it."""
        return self._control.manipulability(self._name)

    def begin(self, q: np.ndarray) -> None:
        """Take the arm over where it is, once `WholeBodyDrive.begin` has been called."""
        configured = self._config.impedance.rest_posture
        self._control.rest[self._part] = configured if len(configured) == len(q) else q
        self._body.measured[self._part] = q

    def hold(self) -> np.ndarray:
        """Hold what was commanded last."""
        if self._config.shadow:
            self._body.place_measured()
        return self.motion.rest_at(self._control.model.T_base_ee[self._name])

    def seed(self, mode: str) -> np.ndarray:
        """Return the commanded configuration and its speed, or the pose and twist they mean in the base."""
        q, dq = self.q.copy(), self.dq.copy()
        return np.stack([q, dq]) if mode == JOINT else self.motion.pose_seed(q, dq)

    def switch(self, mode: str, seed: np.ndarray) -> None:
        """Go on in the other space."""
        self.motion.start(mode, seed)

    def enter(self, track: Track) -> None:
        """Follow poses that stay where they were seen, or that the base carries along."""
        self.motion.ride(track.anchor is None)

    def follow(self, target: np.ndarray, dt: float) -> bool:
        """Move the path on and say where it is."""
        motion, body, name = self.motion, self._body, self._name
        motion.step(target, dt * body.progress)
        if motion.mode == CARTESIAN:
            body.hands[name] = motion.hand_target()
            body.joints.pop(name, None)
        else:
            joint = motion.joint.filter
            body.joints[name], body.joint_speeds[name] = joint.position, joint.velocity
            body.hands.pop(name, None)
        return True

    def come_to_rest(self, dt: float) -> bool:
        """Leave it to the programme."""
        return True

    @property
    def at_rest(self) -> bool:
        """Say whether the command stands still, and the arm with it."""
        return self._control.still and float(np.abs(self._model.dq).max()) < self._config.safety.rest_speed

    def idle(self, dt: float) -> bool:
        """Leave it to all together."""
        return True

    def without_state(self, dt: float) -> None:
        """Leave it to the programme."""

    def write(self, command: ArmCommand) -> None:
        """Write the position."""
        command.position[:] = self.q

    def lag(self) -> float:
        """Return how far the joints are behind the command, as a share of the most it may lead them."""
        behind = np.abs(self.q - self._body.measured[self._part])
        return float(behind.max()) / self._config.kinematics.lead_max

    def limit_utilisation(self, elapsed: float) -> tuple[float, float]:
        """Ask nothing of progress: the programme has its own."""
        return 0.0, 0.0

    def keep_inside(self, workspace: Workspace) -> None:
        """Keep the commanded tool in its box."""
        self._control.boxes.keep_inside(self._name, workspace)

    def write_pose(self, T_base_ee: np.ndarray) -> None:
        """Write the tool pose of the commanded configuration."""
        T_base_ee[:] = self._control.model.T_base_ee[self._name]
