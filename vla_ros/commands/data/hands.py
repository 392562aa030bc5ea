# SPDX-License-Identifier: Apache-2.0
"""Record what a person's own hands do, seen by a headset: demonstrations without a robot.

Serves a page and prints its link, as QR code too; open it in the headset's browser, choose the camera, say what you
will do, enter VR or AR, and press A or X to begin and to end a demonstration. Each arrives as one folder in FOLDER,
which `vla convert` makes a dataset of. Neither a robot nor ROS is needed. Beyond this machine (--host all) the page is
served over HTTPS, which a headset's browser wants before it gives away camera and hands; the link's token lets in.

By default the robot stands where you stand and looks where you looked when you entered: on your floor, or with its
base 0.75 m above it, as robots on a table do. Of several arms a hand is the one of its name. Without --intrinsics the
camera's are guessed. Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from controllers.errors import ConfigError, unknown_name
from vla_ros.robots.names import DEFAULT_CONTRACT

FOLDER, PORT = "demonstrations", 8444


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("root", metavar="FOLDER", nargs="?", default=FOLDER, help=f"of the demonstrations ({FOLDER})")
    parser.add_argument("--host", default="localhost", metavar="WHO",
                        help="who may connect: localhost, all, or an address to listen on (localhost)")  # fmt: skip
    parser.add_argument("--port", type=int, default=PORT, metavar="N", help=f"TCP port; 0: any that is free ({PORT})")
    parser.add_argument("--instruction", default="", metavar="TEXT", help="what the page begins with")
    parser.add_argument("--hand", choices=("right", "left"), default="right", help="that stands for the tool (right)")
    parser.add_argument("--contract", default=DEFAULT_CONTRACT, metavar="NAME",
                        help=f"of the data that it is to become ({DEFAULT_CONTRACT})")  # fmt: skip
    parser.add_argument("--camera", default="", metavar="NAME",
                        help="that the headset's picture stands for (the contract's reference camera)")  # fmt: skip
    parser.add_argument("--intrinsics", type=_numbers, default=(), metavar="FX,FY,CX,CY",
                        help="of the headset's camera [px] (guessed from the pictures' size)")  # fmt: skip
    parser.add_argument("--floor", type=_numbers, metavar="X,Y,Z",
                        help="your floor, where you stood, in the robot's base [m] (0,0,-0.75; 0,0,0 for one on the "
                        "floor); --floor=-0.1,… for one that begins with a minus")  # fmt: skip
    parser.add_argument("--yaw", type=float, default=0.0, metavar="RAD", help="your forward to the robot's [rad] (0)")
    parser.add_argument("--opening", type=float, metavar="M", help="of the open gripper [m] (that of the robot's arm)")
    parser.add_argument("--new-token", action="store_true", help="make a new token: who was paired is locked out")
    parser.add_argument("--folder", default="", metavar="DIR", help="of certificate and token (the user's own)")


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}': give numbers with commas between them") from None


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C; say what came and what comes next."""
    if not 0 <= arguments.port <= 65535:
        raise ConfigError(f"--port {arguments.port}: give 0 to 65535")

    from vla_ros.teleop.hand_recording.server import HandRecordingServer
    from vla_ros.teleop.hand_recording.settings import HandRecordingSettings
    from vla_ros.teleop.hand_recording.store import DemonstrationStore
    from vla_ros.teleop.serving.addresses import bind_address, is_local, link_hosts
    from vla_ros.teleop.serving.certificate import fingerprint, tls_context
    from vla_ros.teleop.serving.keeping import user_folder
    from vla_ros.teleop.serving.page_server import Listening
    from vla_ros.teleop.serving.pairing import pairing_token

    settings = HandRecordingSettings(
        *_in_place_of(arguments), arguments.yaw, arguments.intrinsics,
        " ".join(arguments.instruction.split()), arguments.hand,
    )  # fmt: skip
    address = bind_address(arguments.host, "--host ")
    folder = user_folder(arguments.folder, "--folder")
    tls = None if is_local(address) else tls_context(folder)
    token = pairing_token(folder, arguments.new_token, "hands_token")  # teleop's stays as it is
    root = Path(arguments.root)
    store = DemonstrationStore(root, settings)
    try:
        listening = Listening(address, arguments.port, link_hosts(address), token, tls)
        server = HandRecordingServer(store, listening, _log)
        ended = threading.Event()
        previous = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            server.start()
            _show_link(server.links, "" if tls is None else fingerprint(folder))
            ended.wait()
        finally:
            server.close()
            for number, handler in previous.items():
                signal.signal(number, handler)
    finally:
        store.close()
    count = len(store.names())
    print(f"\n{root}: {count} demonstration{'' if count == 1 else 's'}")
    if count:
        print(f"next: vla convert {root} datasets/hands --contract {arguments.contract}")
    return 0


def _in_place_of(arguments: argparse.Namespace) -> tuple[str, float, tuple[float, ...]]:
    """Return the camera, how far the gripper opens [m] and the floor (3,) [m]: what was said, else the robot's."""
    from vla_ros.data.hands.robot_arm import arm_of, check_hands_contract, floor_of, gripper_of
    from vla_ros.policies.contract import load_contract
    from vla_ros.robots.embodiment import load_embodiment

    contract = load_contract(arguments.contract)
    check_hands_contract(contract)
    gripper = gripper_of(contract, arm_of(contract, arguments.hand))
    camera = arguments.camera or contract.reference_camera
    if camera not in contract.cameras:
        raise ConfigError(f"--camera: {unknown_name('camera', camera, contract.cameras)}")
    robot = load_embodiment(contract.robot)
    floor = arguments.floor or floor_of(robot)
    if arguments.opening is not None:
        return camera, arguments.opening, floor
    if gripper is None:
        raise ConfigError(f"contract '{contract.name}' moves no gripper of the {arguments.hand} hand: give --opening M")
    return camera, robot.gripper(gripper).width_max, floor


def _show_link(links: tuple[str, ...], fingerprint: str) -> None:
    from vla_ros.teleop.serving.pairing import qr_text

    print(qr_text(links[0]), flush=True)
    for link in links:
        print(f"open {link}", flush=True)
    if fingerprint:
        print(f"the browser asks once whether to trust the certificate; its SHA-256 is {fingerprint}", flush=True)


def _log(level: str, text: str) -> None:
    if level == "info":
        print(text, flush=True)
    else:
        print(f"{level}: {text}", file=sys.stderr, flush=True)
