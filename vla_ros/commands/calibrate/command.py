# SPDX-License-Identifier: Apache-2.0
"""Find a camera's optics, where it is on the hand or beside the robot, and how high the table is, with a printed board.

In this order: `board` draws the board to print, `camera` finds the optics, `hand-eye` the pose, `table` the height;
`reference` remembers what the camera sees then, and `check` says whether it has moved since. The pictures come from a
folder, or from a bag that `vla record` wrote; no command moves anything. The result is the camera's file,
cameras/NAME.yaml in the folder that VLA_CONFIG names, and says how sure it is.
"""

from __future__ import annotations

import argparse

from vla_ros.output_file import OutputFile
from vla_ros.robots.names import DEFAULT_ROBOT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `board`, `camera`, `hand-eye`, `table`, `reference` and `check`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="board|camera|hand-eye|table|reference|check")
    board = actions.add_parser(
        "board",
        help="draw the board to print",
        description="Draw the board to print. Print it at 100 %, measure it, glue it onto something stiff and flat.",
        epilog="example: vla calibrate board --output board.pdf",
    )
    _declare_board(board, "side of a square")
    board.add_argument("--paper", choices=("a4", "a3", "letter"), default="a4", help="lying (default a4)")
    board.add_argument("--output", action=OutputFile, required=True, metavar="FILE", help=".pdf or .png")
    camera = actions.add_parser(
        "camera",
        help="find a camera's optics",
        description="Find focal length, principal point and, where there is any, distortion. The board is held still "
        "before the camera, tilted to all sides, near and far, in every corner of the picture; or the camera is moved.",
        epilog="example: vla calibrate camera pictures/ --camera front --square 37.9",
    )
    _declare_source(camera)
    hand_eye = actions.add_parser(
        "hand-eye",
        help="find where a camera is on the hand, or beside the robot",
        description="Find the pose of a camera on the robot from views of a board that stands, or of a camera that "
        "stands from views of a board in the hand. About 20 poses of the arm, at rest, tilted about two axes.",
        epilog="example: vla calibrate hand-eye bags/views --camera wrist --robot franka --square 37.9",
    )
    _declare_source(hand_eye)
    _declare_robot(hand_eye)
    hand_eye.add_argument("--board-on", default="", metavar="LINK",
                          help="link that the board is fixed to (default: the base for a camera that moves, the arm's "
                          "tool for one that stands)")  # fmt: skip
    hand_eye.add_argument("--refine", action="store_true", help="find focal length and principal point as well")
    hand_eye.add_argument("--joint-offsets", type=float, default=0.05, metavar="DEG",
                          help="what a joint may be off by, all the time (default 0.05; 0: nothing)")  # fmt: skip
    table = actions.add_parser(
        "table",
        help="find the height of the table",
        description="Find the height of the table in the robot's base frame, with a calibrated camera that sees the "
        "board lying on it.",
        epilog="example: vla calibrate table bags/table --camera wrist --robot franka --square 37.9 --thickness 3",
    )
    _declare_source(table)
    _declare_robot(table)
    table.add_argument("--thickness", type=float, default=0.0, metavar="MM", help="of the board (default 0)")
    reference = actions.add_parser(
        "reference",
        help="remember what a calibrated camera sees",
        description="Keep a picture of what the camera sees now beside its file: a job with real cameras compares with "
        "it at its start and every minute, and says when the camera has moved. Of a camera on the hand the robot's "
        "joints are kept, too: take it where the robot stands at the start of a job.",
        epilog="example: vla calibrate reference bags/start --camera front",
    )
    _declare_pictures(reference)
    _declare_output(reference)
    reference.add_argument("--robot", default=DEFAULT_ROBOT, help=f"robot; config/robots (default {DEFAULT_ROBOT})")
    check = actions.add_parser(
        "check",
        help="say whether a camera has moved since",
        description="Compare pictures with the camera's reference. Exit code 1 when it has moved.",
        epilog="example: vla calibrate check bags/today --camera front",
    )
    _declare_pictures(check)
    _declare_json(check)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; 0 when it is done."""
    # These imports take a second; --help must not.
    from vla_ros.commands.calibrate import movement, runs

    return {
        "board": runs.board,
        "camera": runs.camera,
        "hand-eye": runs.hand_eye,
        "table": runs.table,
        "reference": movement.reference,
        "check": movement.check,
    }[arguments.action](arguments)


def _declare_board(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--board", default="7x5", metavar="COLUMNSxROWS", help="squares of the board (default 7x5)")
    parser.add_argument("--square", type=float, default=38.0, metavar="MM", help=f"{what} (default 38)")


def _declare_source(parser: argparse.ArgumentParser) -> None:
    _declare_pictures(parser)
    _declare_board(parser, "side of a square as measured on the sheet")
    _declare_output(parser)
    _declare_json(parser)


def _declare_pictures(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="FOLDER|BAG", help="pictures (with views.yaml where a robot counts), or a bag"
    )
    parser.add_argument("--camera", required=True, metavar="NAME", help="the camera")
    parser.add_argument("--namespace", default="", metavar="/NS", help="of the topics in a bag")


def _declare_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", action=OutputFile, suffix=".yaml", metavar="FILE.yaml",
                        help="the camera's file (default cameras/NAME.yaml in VLA_CONFIG)")  # fmt: skip


def _declare_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action=OutputFile, metavar="FILE", help="write the figures, name → number")


def _declare_robot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--robot", default=DEFAULT_ROBOT, help=f"robot; config/robots (default {DEFAULT_ROBOT})")
    parser.add_argument("--arm", default="", metavar="NAME", help="arm whose tool counts, of a robot with several")
