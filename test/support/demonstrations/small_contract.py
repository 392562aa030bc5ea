# SPDX-License-Identifier: Apache-2.0
"""A contract of small pictures."""

from __future__ import annotations

from bags.sample_bag import JOINTS

from vla_ros.configuration import build
from vla_ros.policies.contract import DataContract

CONTRACT = build(
    DataContract,
    {
        "name": "small",
        "robot": "franka",
        "fps": 10,
        "cameras": {"front": {"width": 64, "height": 48}, "side": {"width": 48, "height": 32}},
        "state": [
            *(f"{joint}/position" for joint in JOINTS[:7]),
            *(f"panda/position.{axis}" for axis in "xyz"),
            *(f"panda/orientation.{axis}" for axis in "xyzw"),
            "panda_hand/width",
        ],
        "quaternion_side": [1.0, 0.0, 0.0, 0.0],
        "action": {"arms": ["panda"], "grippers": ["panda_hand"], "reference": "delta", "rotation": "rotation_vector"},
        "features": {"observation.calibration.front": {"kind": "calibration", "camera": "front"}},
    },
    "small",
)
