# SPDX-License-Identifier: Apache-2.0
"""Colour images in encodings that only cv_bridge knows (YUV, Bayer, RGBA, …); part of vla_ros/messages.py.

rgb8 and bgr8 are read by NumPy alone, without a copy; cv_bridge copies even those.
"""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import Any

import numpy as np
from sensor_msgs.msg import Image

from controllers.errors import VlaError


@lru_cache(maxsize=1)
def _bridge() -> Any:
    """Return a CvBridge, or None where there is no cv_bridge: it comes with a full ROS 2, not from PyPI."""
    try:
        return importlib.import_module("cv_bridge").CvBridge()
    except (ImportError, AttributeError):  # AttributeError: PyPI has packages of that name that are something else
        return None


def bridged_color(message: Image) -> np.ndarray:
    """Return a colour image (H, W, 3) uint8 RGB by way of cv_bridge.

    Raises VlaError where cv_bridge is not installed or cannot convert the image's encoding.
    """
    bridge = _bridge()
    if bridge is None:
        raise VlaError(f"colour image is '{message.encoding}': publish rgb8 or bgr8, or install ROS 2's cv_bridge")
    try:
        return np.asarray(bridge.imgmsg_to_cv2(message, "rgb8"))
    except (TypeError, ValueError, RuntimeError) as error:  # CvBridgeError is a TypeError
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise VlaError(f"colour image is '{message.encoding}': cv_bridge cannot make rgb8 of it ({reason})") from error
