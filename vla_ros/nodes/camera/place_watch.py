# SPDX-License-Identifier: Apache-2.0
"""Whether a real camera still is where it was calibrated, by its reference picture: at the start, then every minute."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rclpy.impl.rcutils_logger import RcutilsLogger

from controllers.errors import VlaError
from vla_ros.calibration.reference import Movement, load_reference
from vla_ros.hardware.cameras.stream import CapturedFrame
from vla_ros.robots.camera_calibration import CameraCalibration, calibration_path

AGAIN_S, RETRY_S = 60.0, 2.0  # [s] from one comparison to the next, and from one that came to nothing


class PlaceWatch:
    """Of one camera. A camera without a reference is not watched. Raises VlaError for a reference that is none."""

    def __init__(self, name: str, calibration: CameraCalibration) -> None:
        """Read the reference of a calibrated camera."""
        self._name, self._reference = name, load_reference(calibration_path(name), calibration)
        self._due = float("-inf")
        self._found: Movement | None = None
        self._problem, self._said = "", ""

    @property
    def moved(self) -> bool:
        """Say whether the last comparison found that it moved."""
        return self._found is not None and self._found.moved

    def see(self, frame: CapturedFrame, joints: Mapping[str, float] | None) -> None:
        """Compare a frame where that is due, in the thread of the camera, 20 ms; not where the robot is elsewhere."""
        reference, now = self._reference, time.monotonic()
        if reference is None or now < self._due or not reference.seen_from_here(joints):
            return
        try:
            found, self._problem = reference.movement(frame.color()), ""
        except VlaError as error:  # of another size: the pictures are as good as ever
            found, self._problem = None, str(error)
        self._due = now + (RETRY_S if found is None else AGAIN_S)
        if found is not None:
            self._found = found

    def report(self, log: RcutilsLogger) -> float | None:
        """Return by how much it moved [px], None where nobody knows; what changed goes to the log."""
        found = self._found
        if self._problem:
            said = f"camera '{self._name}': {self._problem}"
        elif found is None:
            said = ""
        elif found.moved:
            said = (
                f"camera '{self._name}' has moved since it was calibrated, by {found.pixels:.0f} px: what is seen is "
                "placed wrongly: `vla calibrate hand-eye`"
            )
        else:
            said = f"camera '{self._name}' is where it was calibrated"
        if said and said != self._said:
            self._said = said
            log.warning(said) if self.moved or self._problem else log.info(said)
        return None if found is None else found.pixels
