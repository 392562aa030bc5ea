# SPDX-License-Identifier: Apache-2.0
"""A camera's file as `vla calibrate` writes it: what nodes take, and for people how it came about."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vla_ros.calibration.optics import Optics, pinhole
from vla_ros.robots.camera_calibration import CalibrationRecord, CameraCalibration


def optics_of(calibration: CameraCalibration) -> Optics:
    """Return the optics of a file."""
    bent = None if calibration.distortion is None else np.array(calibration.distortion)
    return pinhole(calibration.intrinsics, (calibration.width, calibration.height), bent)


def calibration_text(calibration: CameraCalibration) -> str:
    """Return the YAML text."""
    record = calibration.record
    lines = [
        "# By vla calibrate. Optical frame: x right, y down, z forward.",
        f"width: {calibration.width}",
        f"height: {calibration.height}",
        f"focal_length: {_list(calibration.focal_length, 3)} # [px] fx, fy",
        f"principal_point: {_list(calibration.principal_point, 3)} # [px] cx, cy",
    ]
    if calibration.distortion is not None:
        lines.append(f"distortion: {_list(calibration.distortion, 6)} # k1, k2, p1, p2, k3 (plumb_bob)")
    if calibration.position is not None and calibration.orientation is not None:
        if calibration.frame:
            lines.append(f"frame: {calibration.frame} # link that position and orientation are in")
        where = calibration.frame or "the robot's base frame"
        lines.append(f"position: {_list(calibration.position, 6)} # [m] optical frame in {where}")
        lines.append(f"orientation: {_list(calibration.orientation, 8)} # x, y, z, w")
    if calibration.reference_joints:
        lines.append("reference_joints: # [rad], [m] where the reference picture was taken")
        lines += [f"  {joint}: {value:.6f}" for joint, value in calibration.reference_joints.items()]
    if record != CalibrationRecord():
        lines += ["record: # for people; nothing is computed from it", f"  date: '{record.date}'"]
        lines.append(f"  board: '{record.board}'")
        lines += _mapping("optics", record.optics) + _mapping("pose", record.pose)
    return "\n".join(lines) + "\n"


def _list(values: tuple[float, ...], digits: int) -> str:
    return f"[{', '.join(f'{value:.{digits}f}' for value in values)}]"


def _mapping(name: str, figures: Mapping[str, float]) -> list[str]:
    if not figures:
        return []
    return [f"  {name}:", *(f"    {figure}: {value:.6f}" for figure, value in figures.items())]
