# SPDX-License-Identifier: Apache-2.0
"""What a calibration found, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from controllers.rotations import from_matrix
from vla_ros.calibration.hand_eye import HandEye
from vla_ros.calibration.intrinsics import Intrinsics
from vla_ros.calibration.optics import PINHOLE
from vla_ros.calibration.robot_views import Links
from vla_ros.calibration.table import TablePlane

NAMED = 8  # views that are listed by name
POSES_OFF = 3.0  # times what the corners alone leave: then the robot's poses are what is inexact


def intrinsics_lines(found: Intrinsics) -> list[str]:
    """Return what is said of optics."""
    (fx, fy, cx, cy), std = found.optics.parameters[:PINHOLE], found.std
    lines = [
        f"focal length     {fx:.2f} ± {std[0]:.2f}, {fy:.2f} ± {std[1]:.2f} px",
        f"principal point  {cx:.2f} ± {std[2]:.2f}, {cy:.2f} ± {std[3]:.2f} px",
    ]
    if found.optics.distortion.any():
        bent = ", ".join(f"{value:.4f}" for value in found.optics.distortion)
        lines.append(f"distortion       {bent}: up to {found.optics.distortion_px():.1f} px")
    else:
        lines.append("distortion       none that these pictures show")
    lines.append(f"residual         {found.residual_px:.3f} px of {len(found.view_px)} views, which cover "
                 f"{100 * found.coverage:.0f} % of the picture")  # fmt: skip
    if found.coverage < 0.75:
        lines.append("hold the board into every corner of the picture as well: there the optics are guessed")
    return lines


def hand_eye_lines(found: HandEye, links: Links) -> list[str]:
    """Return what is said of a pose."""
    T = found.found.T_link_camera
    place = ", ".join(f"{1e3 * p:.2f} ± {1e3 * s:.2f}" for p, s in zip(T[:3, 3], found.position_std, strict=True))
    turns = ", ".join(f"{np.degrees(s):.3f}" for s in found.rotation_std)
    quaternion = ", ".join(f"{value:.5f}" for value in from_matrix(T[:3, :3]))
    lines = [
        f"camera in {links.camera_link}  {place} mm",
        f"orientation      {quaternion} (x, y, z, w) ± {turns} degrees about the camera's axes",
        f"residual         {found.residual_px:.3f} px of {len(found.view_px)} views; {found.alone_px:.3f} px without "
        "the robot's poses",
    ]
    if found.free.optics:
        (fx, fy, cx, cy), std = found.found.optics.parameters[:PINHOLE], found.optics_std
        lines.append(f"optics           {fx:.2f} ± {std[0]:.2f}, {fy:.2f} ± {std[1]:.2f}, {cx:.2f} ± {std[2]:.2f}, "
                     f"{cy:.2f} ± {std[3]:.2f} px")  # fmt: skip
    if len(found.found.offsets):
        offsets = zip(links.joints, np.degrees(found.found.offsets), np.degrees(found.offsets_std), strict=True)
        turned = ", ".join(f"{joint} {offset:+.3f} ± {std:.3f}" for joint, offset, std in offsets)
        lines.append(f"joint offsets    to be added: {turned} degrees")
    if found.residual_px > POSES_OFF * found.alone_px:
        lines.append(
            "the corners fit each picture and not the robot's poses: the arm moved in some, its joints are further off "
            "(--joint-offsets 0.2), or camera or board gave way"
        )
    return lines


def table_lines(found: TablePlane) -> list[str]:
    """Return what is said of a table."""
    std = f" ± {1e3 * found.height_std:.2f}" if found.views > 1 else ""
    return [
        f"table            {1e3 * found.height:.2f}{std} mm in the base frame, tilted by {np.degrees(found.tilt):.2f} "
        "degrees",
        f"views            {found.views}, {1e3 * found.spread:.1f} mm from the lowest to the highest",
        f"a launch takes it as table_height:={found.height:.4f}",
    ]


def left_out_lines(outliers: Sequence[str], poor: Sequence[str], repeats: Sequence[str] = ()) -> list[str]:
    """Return which views did not count, and why."""
    reasons = (
        (outliers, "left out, they contradict the others"),
        (poor, "left out, they show too little of the board"),
        (repeats, "left out, they repeat another"),
    )
    return [f"{len(names)} {why}: {_listed(names)}" for names, why in reasons if names]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
