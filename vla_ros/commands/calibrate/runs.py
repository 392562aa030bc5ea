# SPDX-License-Identifier: Apache-2.0
"""The four calibrations, from a command's arguments to what is said and written."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from controllers.rotations import from_matrix
from vla_ros.calibration.calibration_file import calibration_text, optics_of
from vla_ros.calibration.hand_eye import Free, HandEye, calibrate_hand_eye
from vla_ros.calibration.intrinsics import Intrinsics, calibrate_intrinsics, first_optics
from vla_ros.calibration.optics import Optics
from vla_ros.calibration.reference import reference_path
from vla_ros.calibration.robot_views import Links, robot_links
from vla_ros.calibration.table import table_plane
from vla_ros.calibration.views import RobotView, check_views
from vla_ros.commands.calibrate.board_sheet import SUFFIXES, board_sheet
from vla_ros.commands.calibrate.report import hand_eye_lines, intrinsics_lines, left_out_lines, table_lines
from vla_ros.commands.calibrate.source import (
    Seen,
    board_of,
    check_size,
    known_calibration,
    known_optics,
    output_path,
    see,
)
from vla_ros.output_file import write_output
from vla_ros.progress import shown
from vla_ros.robots.camera_calibration import CalibrationRecord, CameraCalibration, calibration_path, load_calibration
from vla_ros.robots.embodiment import load_embodiment

OPTICS_STD = ("focal_length_x_std_px", "focal_length_y_std_px", "principal_point_x_std_px", "principal_point_y_std_px")
SCALE_WRONG, SCALE_SURE = 0.01, 5.0  # of the squares' side, and in standard deviations
RESIDUAL_MAX = 0.02  # of the picture's width: 1 cm at half a metre, of a camera that sees 60 degrees


def board(arguments: argparse.Namespace) -> int:
    """Draw the board."""
    path, drawn = Path(arguments.output), board_of(arguments)
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"--output {path}: give a name that ends in {' or '.join(SUFFIXES)}")
    write_output("--output", path, board_sheet(drawn, arguments.paper, path.suffix))
    print(f"{path}: {drawn.label} on {arguments.paper}, lying. Print it at 100 %, then measure: all {drawn.columns} "
          f"squares across are {1e3 * drawn.columns * drawn.square:g} mm")  # fmt: skip
    return 0


def camera(arguments: argparse.Namespace) -> int:
    """Find a camera's optics."""
    path, used = output_path(arguments), board_of(arguments)
    before = known_calibration(path)
    seen = see(arguments, used, with_robot=False)
    with shown("optics"):
        found = calibrate_intrinsics(seen.corners)
    figures = _optics_figures(found)
    record = CalibrationRecord(_today(), used.label, figures, before.record.pose if before else {})
    _write(arguments, path, dataclasses.replace(_with_optics(before, found.optics), record=record), figures)
    print("\n".join([*intrinsics_lines(found), *left_out_lines(found.left_out, seen.poor), str(path)]))
    if before is not None and before.position is not None:
        print("the pose in this file was found with other optics: find it again (`vla calibrate hand-eye`)")
    return 0


def hand_eye(arguments: argparse.Namespace) -> int:
    """Find where a camera is."""
    if not 0.0 <= arguments.joint_offsets <= 5.0:
        raise ConfigError(f"--joint-offsets must be 0 to 5 degrees, got {arguments.joint_offsets:g}")
    robot, used = load_embodiment(arguments.robot), board_of(arguments)
    links = robot_links(robot, arguments.camera, arguments.arm, arguments.board_on)
    path = output_path(arguments)
    before = known_calibration(path)
    seen = see(arguments, used, with_robot=True)
    views, repeats = check_views(_views(links, seen), seen.poor)
    optics = known_optics(arguments, before)
    if optics is None:
        if not arguments.refine:
            raise ConfigError(
                f"the optics of camera '{arguments.camera}' are not known: find them first (`vla calibrate camera`), "
                "or here as well (--refine)"
            )
        optics = first_optics(seen.corners)
    check_size(optics, seen.corners, f"the optics of camera '{arguments.camera}'")
    by_joints = all(picture.joints is not None for picture in seen.pictures)
    free = Free(optics=arguments.refine, offsets=float(np.radians(arguments.joint_offsets)) if by_joints else 0.0)
    if not arguments.refine and before is not None:
        stds = tuple(before.record.optics.get(name, 0.0) for name in OPTICS_STD)
        free = dataclasses.replace(free, optics=min(stds) > 0.0, optics_std=stds if min(stds) > 0.0 else ())
    with shown("hand-eye"):
        found = calibrate_hand_eye(views, optics, free)
        _check_scale([view for view in views if view.corners.name in found.view_px], optics, free, 1e3 * used.square)
    figures = _hand_eye_figures(found)
    T = found.found.T_link_camera
    x, y, z = (float(value) for value in T[:3, 3])
    calibration = _with_optics(before, found.found.optics)
    calibration = dataclasses.replace(
        calibration,
        frame="" if links.camera_link == robot.base_frame else links.camera_link,
        position=(x, y, z),
        orientation=from_matrix(T[:3, :3]),
        reference_joints={},
        record=CalibrationRecord(_today(), used.label, calibration.record.optics, figures),
    )
    _write(arguments, path, calibration, figures)
    names = left_out_lines(found.left_out, seen.poor, repeats)
    print("\n".join([*hand_eye_lines(found, links), *names, str(path)]))
    if (outdated := reference_path(path)).is_file():  # of where the camera was before
        outdated.unlink()
        print(f"{outdated.name} is outdated and gone: take a new one (`vla calibrate reference`)")
    return 0


def table(arguments: argparse.Namespace) -> int:
    """Find the height of the table."""
    if not 0.0 <= arguments.thickness <= 100.0:
        raise ConfigError(f"--thickness must be 0 to 100 mm, got {arguments.thickness:g}")
    robot, used = load_embodiment(arguments.robot), board_of(arguments)
    links = robot_links(robot, arguments.camera, arguments.arm, "" if robot.camera(arguments.camera).moves else
                        (robot.arm(arguments.arm) if arguments.arm else robot.arms[0]).tool_frame)  # fmt: skip
    if arguments.output:
        raise ConfigError("--output: the height goes into no file: give it to a launch as table_height:=")
    calibration, source = load_calibration(arguments.camera), calibration_path(arguments.camera)
    frame = "" if links.camera_link == robot.base_frame else links.camera_link
    if calibration.frame != frame:
        raise ConfigError(f"{source}: its pose is on '{calibration.frame}', the camera is on '{links.camera_link}': "
                          "calibrate it (`vla calibrate hand-eye`)")  # fmt: skip
    seen = see(arguments, used, with_robot=robot.camera(arguments.camera).moves)
    optics = optics_of(calibration)
    check_size(optics, seen.corners, f"those of {source}")
    poses = [links.in_base(links.camera_link, picture) @ calibration.T_frame_camera for picture in seen.pictures]
    found = table_plane(seen.corners, poses, optics, used, 1e-3 * arguments.thickness)
    _write_json(arguments, found.figures)
    print("\n".join([*table_lines(found), *left_out_lines((), seen.poor)]))
    return 0


def _views(links: Links, seen: Seen) -> list[RobotView]:
    return [links.view(picture, corners) for picture, corners in zip(seen.pictures, seen.corners, strict=True)]


def _check_scale(views: list[RobotView], optics: Optics, free: Free, square_mm: float) -> None:
    """Refuse a board whose squares are not what they were said to be: the robot knows how far it moved.

    And poses that fit to no board: any number of views gives some place for the camera, and that would be anywhere.
    """
    scaled = calibrate_hand_eye(views, optics, dataclasses.replace(free, board_scale=True))
    if scaled.residual_px > RESIDUAL_MAX * optics.size[0]:
        raise ConfigError(
            f"corners are {scaled.residual_px:.0f} px from where the robot's poses have them, allowed "
            f"{RESIDUAL_MAX * optics.size[0]:.0f}: these poses are not those of the pictures: is it the camera's arm, "
            "each picture's own pose, quaternions as x, y, z, w, and did the board stay where it is?"
        )
    off = abs(scaled.found.scale - 1.0)
    if off > max(SCALE_WRONG, SCALE_SURE * scaled.scale_std):
        std = square_mm * scaled.scale_std
        raise ConfigError(
            f"by the robot's motion the squares are {square_mm * scaled.found.scale:.2f} ± {std:.2f} mm, not "
            f"{square_mm:g}: measure a row of them and give --square"
        )


def _with_optics(before: CameraCalibration | None, optics: Optics) -> CameraCalibration:
    fx, fy, cx, cy = (float(value) for value in optics.parameters[:4])
    k1, k2, p1, p2, k3 = (float(value) for value in optics.distortion)
    width, height = optics.size
    start = before or CameraCalibration(width, height, (fx, fy), (cx, cy))
    bent = (k1, k2, p1, p2, k3) if optics.distortion.any() else None
    return dataclasses.replace(
        start, width=width, height=height, focal_length=(fx, fy), principal_point=(cx, cy), distortion=bent
    )


def _optics_figures(found: Intrinsics) -> dict[str, float]:
    return {
        "views": float(len(found.view_px)),
        "left_out": float(len(found.left_out)),
        "residual_px": found.residual_px,
        "coverage": found.coverage,
        **{name: float(std) for name, std in zip(OPTICS_STD, found.std[:4], strict=True)},
    }


def _hand_eye_figures(found: HandEye) -> dict[str, float]:
    axes = zip("xyz", found.position_std, found.rotation_std, strict=True)
    stds = [(f"position_{a}_std_mm", 1e3 * p, f"rotation_{a}_std_deg", np.degrees(r)) for a, p, r in axes]
    return {
        "views": float(len(found.view_px)),
        "left_out": float(len(found.left_out)),
        "residual_px": found.residual_px,
        "corners_px": found.alone_px,
        **{name: float(value) for name, value, _, _ in stds},
        **{name: float(value) for _, _, name, value in stds},
    }


def _today() -> str:
    return datetime.date.today().isoformat()


def _write(
    arguments: argparse.Namespace, path: Path, calibration: CameraCalibration, figures: Mapping[str, float]
) -> None:
    write_output("", path, calibration_text(calibration))
    _write_json(arguments, figures)


def _write_json(arguments: argparse.Namespace, figures: Mapping[str, float]) -> None:
    if arguments.json:
        write_output("--json", arguments.json, json.dumps(dict(figures), indent=2) + "\n")
