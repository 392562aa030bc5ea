# SPDX-License-Identifier: Apache-2.0
"""`vla calibrate reference` and `check`: what a camera saw when it was calibrated, and whether it still does."""

from __future__ import annotations

import argparse
import dataclasses
import json

import cv2
import numpy as np

from controllers.errors import ConfigError
from vla_ros.calibration.calibration_file import calibration_text
from vla_ros.calibration.pictures import Picture
from vla_ros.calibration.reference import ReferencePicture, load_reference, reference_path
from vla_ros.calibration.robot_views import robot_links
from vla_ros.commands.calibrate.source import known_calibration, output_path, pictures_at_rest
from vla_ros.output_file import write_output
from vla_ros.robots.camera_calibration import calibration_path, load_calibration
from vla_ros.robots.embodiment import Embodiment, load_embodiment

COMPARED = 20  # pictures at most


def reference(arguments: argparse.Namespace) -> int:
    """Keep the first picture at rest, and the joints of a camera on the hand."""
    robot = load_embodiment(arguments.robot)
    moves = robot.camera(arguments.camera).moves
    path = output_path(arguments)
    calibration = known_calibration(path)
    if calibration is None:
        raise ConfigError(
            f"{path}: there is no such file: calibrate the camera first (`vla calibrate camera`, then hand-eye)"
        )
    picture = next(pictures_at_rest(arguments, moves), None)
    if picture is None:
        raise ConfigError(f"{arguments.source}: the robot rests in no picture: hold still for half a second")
    if moves and picture.joints is None:
        raise ConfigError(
            f"{arguments.source}: {picture.name}: camera '{arguments.camera}' is on the robot: give joints"
        )
    try:
        made = ReferencePicture(picture.pixels, _joints(robot, arguments.camera, picture) if moves else {})
    except ConfigError as error:
        raise ConfigError(f"{arguments.source}: {picture.name} {error}") from None
    target = reference_path(path)
    _, png = cv2.imencode(".png", np.ascontiguousarray(picture.pixels[..., ::-1]))
    write_output("", target, png.tobytes())
    write_output("", path, calibration_text(dataclasses.replace(calibration, reference_joints=made.joints)))
    print(f"{target}: {picture.name}, {made.size[0]}x{made.size[1]} px, {made.features} features to compare by")
    return 0


def _joints(robot: Embodiment, camera: str, picture: Picture) -> dict[str, float]:
    """Return the joints that move a camera on the robot."""
    known, chain = picture.joints or {}, robot_links(robot, camera).joints
    if missing := [name for name in chain if name not in known]:
        raise ConfigError(f"has no joint '{missing[0]}', which moves the camera: is it of another robot?")
    return {name: known[name] for name in chain}


def check(arguments: argparse.Namespace) -> int:
    """Compare pictures with the reference; 1 when one of them has moved."""
    path = calibration_path(arguments.camera)
    found = load_reference(path, load_calibration(arguments.camera))
    if found is None:
        raise ConfigError(f"{reference_path(path)}: no reference was taken: `vla calibrate reference`")
    figures: dict[str, float] = {}
    elsewhere, moved = 0, False
    for picture in pictures_at_rest(arguments, bool(found.joints)):
        if not found.seen_from_here(picture.joints):
            elsewhere += 1
            continue
        try:
            movement = found.movement(picture.pixels)
        except ConfigError as error:
            raise ConfigError(f"{arguments.source}: {picture.name}: {error}") from None
        if movement is None:
            print(f"{picture.name}: too little is as it was to say anything")
            continue
        figures[picture.name], moved = movement.pixels, moved or movement.moved
        what = "the camera has moved: calibrate it (`vla calibrate hand-eye`)" if movement.moved else "as it was"
        print(f"{picture.name}: {movement.pixels:.1f} px by {movement.pairs} features: {what}")
        if len(figures) == COMPARED:
            break
    if not figures:
        why = f"the robot is elsewhere in {elsewhere} of them" if elsewhere else "they show too little of the reference"
        raise ConfigError(f"{arguments.source}: no picture can be compared: {why}")
    if arguments.json:
        write_output(
            "--json", arguments.json, json.dumps({"moved_px": max(figures.values()), "pictures": len(figures)})
        )
    return int(moved)
