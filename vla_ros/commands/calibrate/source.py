# SPDX-License-Identifier: Apache-2.0
"""What a calibration begins with: pictures with the board, the camera's optics, the file that the result goes to."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.calibration.bag_pictures import bag_optics, bag_pictures, resting_pictures
from vla_ros.calibration.board import CharucoBoard, Corners
from vla_ros.calibration.calibration_file import optics_of
from vla_ros.calibration.optics import Optics
from vla_ros.calibration.pictures import Picture, folder_pictures
from vla_ros.calibration.views import rich_enough
from vla_ros.configuration import USER_FOLDER, load_config, user_folder
from vla_ros.output_file import check_output
from vla_ros.progress import shown
from vla_ros.robots.camera_calibration import CameraCalibration


@dataclass(frozen=True)
class Seen:
    """The pictures that show enough of the board."""

    pictures: list[Picture]
    corners: list[Corners]  # of each of them
    poor: list[str]  # names of pictures that show too little of it
    empty: int  # pictures without it


def board_of(arguments: argparse.Namespace) -> CharucoBoard:
    """Return the board that --board and --square describe. Raises ConfigError."""
    columns, _, rows = arguments.board.partition("x")
    if not (columns.isdecimal() and rows.isdecimal() and len(arguments.board) < 8):
        raise ConfigError(f"--board {arguments.board[:40]}: give columns x rows of squares, such as 7x5")
    return CharucoBoard(int(columns), int(rows), 1e-3 * arguments.square)


def see(arguments: argparse.Namespace, board: CharucoBoard, with_robot: bool) -> Seen:
    """Find the board in all pictures of the source. Raises VlaError where it is in none."""
    path = Path(arguments.source)
    if not path.exists():
        raise ConfigError(f"{path}: there is no such folder or bag")
    pictures, corners, total = [], [], 0
    with shown("looking for the board"):
        if is_bag(path):
            found = iter(bag_pictures(path, arguments.camera, board, with_robot, arguments.namespace.rstrip("/")))
        else:
            found = folder_pictures(path, with_robot)
        for picture in found:
            total += 1
            one = board.find(picture.name, picture.pixels)
            if one is not None:
                corners.append(one)
                pictures.append(picture)
    if not corners and is_bag(path):
        raise ConfigError(f"{path}: the board of {board.columns}x{board.rows} squares was never seen at rest: hold "
                          "still for half a second at each place, or give its --board")  # fmt: skip
    if not corners:
        raise ConfigError(
            f"{path}: none of {total} pictures shows the board of {board.columns}x{board.rows} squares: is it another "
            "(--board), too far away, or out of the picture?"
        )
    good, poor = rich_enough(corners)
    kept = {one.name for one in good}
    return Seen([one for one in pictures if one.name in kept], good, poor, total - len(corners))


def pictures_at_rest(arguments: argparse.Namespace, with_robot: bool) -> Iterator[Picture]:
    """Yield pictures of the source that show whatever they show. Raises VlaError where there are none."""
    path = Path(arguments.source)
    if not path.exists():
        raise ConfigError(f"{path}: there is no such folder or bag")
    if is_bag(path):
        return resting_pictures(path, arguments.camera, with_robot, arguments.namespace.rstrip("/"))
    return folder_pictures(path, with_robot)


def is_bag(path: Path) -> bool:
    """Say whether this is a bag rather than a folder of pictures."""
    return path.is_file() or (path / "metadata.yaml").is_file() or any(path.glob("*.mcap"))


def output_path(arguments: argparse.Namespace) -> Path:
    """Return the file of the result: --output, else the camera's in VLA_CONFIG. Raises ConfigError without either."""
    if arguments.output:
        return Path(arguments.output)
    folder = user_folder()
    if folder is None:
        raise ConfigError(
            f"nowhere to write the result: name your folder in {USER_FOLDER}, or give --output {arguments.camera}.yaml"
        )
    path = folder / "cameras" / f"{arguments.camera}.yaml"
    check_output("", path, make_folder=True)
    return path


def known_calibration(path: Path) -> CameraCalibration | None:
    """Return what the result's file says already."""
    return load_config(path, CameraCalibration) if path.is_file() else None


def known_optics(arguments: argparse.Namespace, before: CameraCalibration | None) -> Optics | None:
    """Return the camera's optics: of its file, else of the bag; None where neither says."""
    if before is not None:
        return optics_of(before)
    path = Path(arguments.source)
    return bag_optics(path, arguments.camera, arguments.namespace.rstrip("/")) if is_bag(path) else None


def check_size(optics: Optics, corners: list[Corners], what: str) -> None:
    """Raise ConfigError where pictures are of another size than the optics are for."""
    if optics.size != corners[0].size:
        (width, height), (seen_width, seen_height) = optics.size, corners[0].size
        raise ConfigError(
            f"the pictures are {seen_width}x{seen_height}, {what} are for {width}x{height}: calibrate the optics at "
            "the size that you use (`vla calibrate camera`)"
        )
