# SPDX-License-Identifier: Apache-2.0
"""The real camera node as on a machine that draws slowly.

python -m rig.slow_cameras --ros-args -p autostart:=true -p use_sim_time:=true -p exposure_s:=0.3
"""

from __future__ import annotations

import time

import numpy as np

from vla_ros.nodes.camera_node import CameraNode
from vla_ros.nodes.parameters import declare
from vla_ros.nodes.spinning import run_node, serve_until_stopped
from vla_ros.nodes.transport import Transport


class SlowCameras(CameraNode):
    """Cameras that need `exposure_s` [s] of wall time more for the pictures of one state."""

    def __init__(self) -> None:
        super().__init__()
        self._exposure_s = declare(self, "exposure_s", 0.3, "what the pictures of one state take longer [s]", 0.0, 10.0)

    def _draw(self, state: np.ndarray) -> None:
        time.sleep(self._exposure_s)
        super()._draw(state)


def main() -> int:
    """Run the node."""
    return run_node("camera", serve_until_stopped(SlowCameras), Transport.IMAGES_OUT)


if __name__ == "__main__":
    raise SystemExit(main())
