# SPDX-License-Identifier: Apache-2.0
"""The share of joints without a tool in whole-body control: where a chunk tells them, else wherever they help."""

from __future__ import annotations

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.chunks.track import JOINT, Track
from controllers.drives.drive import GroupDrive
from controllers.drives.joint_drive import JointMotion
from controllers.whole_body.shared_body import SharedBody


class BodyJointsDrive(GroupDrive):
    """Joint positions out of the programme for all."""

    command = "position"
    modes = (JOINT,)
    stops_at_acceleration = False

    def __init__(self, body: SharedBody, name: str, limits: ArmLimits) -> None:
        """Drive the joints of a group by the programme of `body`."""
        control, config = body.control, body.config
        self._part = part = control.parts[name]
        self.motion: JointMotion = JointMotion(limits, config)
        self.q, self.dq = control.q[part], control.dq[part]  # views, commanded
        self.measured, self.measured_speed = body.measured[part], np.zeros(len(limits.lower))
        self._body, self._control, self._name, self._config = body, control, name, config

    def begin(self, q: np.ndarray) -> None:
        """Take the joints over where they are, once `WholeBodyDrive.begin` has been called: there they lean to."""
        self._control.rest[self._part] = q
        self.wanders = True

    def hold(self) -> np.ndarray:
        """Hold what was commanded last."""
        if self._config.shadow:
            self._body.place_measured()
        self.enter(None)
        return self.motion.joint.reset(self.q)[0]

    def seed(self, mode: str) -> np.ndarray:
        """Return the commanded positions and speeds (2, N)."""
        return np.stack([self.q, self.dq])

    def switch(self, mode: str, seed: np.ndarray) -> None:
        """Go on from a seed."""
        self.motion.joint.reset(seed[0], seed[1])

    def enter(self, track: Track | None) -> None:
        """Go where a chunk says, or where that helps the hands."""
        self.wanders = track is None or not track.moved

    def follow(self, target: np.ndarray, dt: float) -> bool:
        """Move the path on and say where it is."""
        body, name = self._body, self._name
        if self.wanders:
            body.joints.pop(name, None)
            return True
        self.motion.joint.step(target, dt * body.progress)
        joint = self.motion.joint.filter
        body.joints[name], body.joint_speeds[name] = joint.position, joint.velocity
        self._control.rest[self._part] = joint.position
        return True

    def come_to_rest(self, dt: float) -> bool:
        """Leave it to the programme."""
        return True

    @property
    def at_rest(self) -> bool:
        """Say whether the command stands still, and the joints with it."""
        return self._control.still and float(np.abs(self.measured_speed).max()) < self._config.safety.rest_speed

    def idle(self, dt: float) -> bool:
        """Leave it to all together."""
        return True

    def without_state(self, dt: float) -> None:
        """Leave it to the programme."""

    def lag(self) -> float:
        """Return how far the joints are behind the command, as a share of the most it may lead them."""
        return float(np.abs(self.q - self.measured).max()) / self._config.kinematics.lead_max

    def limit_utilisation(self, elapsed: float) -> tuple[float, float]:
        """Ask nothing of progress: the programme has its own."""
        return 0.0, 0.0
