# SPDX-License-Identifier: Apache-2.0
"""Find out what the URDF cannot know: an arm's joint friction and what its hand carries.

First `record` moves the arm for half a minute, through control and its safety like everything else: clear the way, and
take the arm home before (`vla home`). Then `fit` estimates viscous and dry friction of every joint, mass and centre of
mass of the payload, and how sure they are; a recording that shows too little is refused with the reason. What it
writes with --yaml belongs at the end of config/controllers/<robot>_impedance.yaml, and control uses it from then on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.output_file import OutputFile, write_output
from vla_ros.robots.names import DEFAULT_ROBOT
from vla_ros.seed_range import check_seed

EFFORTS = ("commanded", "measured")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `record` and `fit`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="record|fit")
    record = actions.add_parser(
        "record",
        help="move the arm and write what its joints say",
        description="Move the arm of the running job from home, in half a minute back to it, and write what its "
        "joints say into an .npz file. With --simulate nothing moves: the arm is computed, with a friction and a "
        "payload of your choice.",
        epilog="example: vla identify record arm.npz --simulate --payload 0.8 0.02 -0.03 0.06",
    )
    record.add_argument("file", action=OutputFile, suffix=".npz", metavar="FILE.npz", help="where the recording goes")
    record.add_argument("--robot", default=DEFAULT_ROBOT, help=f"robot; config/robots (default {DEFAULT_ROBOT})")
    record.add_argument("--effort", choices=EFFORTS, default="commanded",
                        help="joint_states' effort: commanded, without the arm's weight, or measured, with it "
                        "(default commanded)")  # fmt: skip
    record.add_argument("--table", type=float, default=0.0, metavar="M",
                        help="height of the table in the base frame; the arm stays 12 cm above it")  # fmt: skip
    record.add_argument("--period", type=float, default=12.0, metavar="S", help="length of a series (default 12)")
    record.add_argument("--series", type=int, default=2, metavar="N",
                        help="series to fit; one more is for validation (default 2)")  # fmt: skip
    record.add_argument("--speed", type=float, default=0.5, metavar="SHARE",
                        help="of the joint speed and acceleration that control may plan (default 0.5)")  # fmt: skip
    record.add_argument("--seed", type=int, default=0, metavar="N", help="of the excitation (default 0)")
    record.add_argument("--simulate", action="store_true", help="compute the arm instead of moving one")
    record.add_argument("--payload", type=float, nargs=4, metavar=("KG", "X", "Y", "Z"),
                        help="with --simulate: mass and its centre in the tool frame [m]")  # fmt: skip
    record.add_argument("--friction", type=float, metavar="TIMES", help="with --simulate: times the URDF's")
    fit = actions.add_parser(
        "fit",
        help="estimate friction and payload from a recording",
        description="Estimate friction and payload from a recording: fitted on its first 70 %, checked on the rest.",
        epilog="example: vla identify fit arm.npz --yaml arm.yaml --picture arm.png",
    )
    fit.add_argument("file", metavar="FILE.npz", help="a recording")
    fit.add_argument("--yaml", action=OutputFile, metavar="FILE",
                     help="write the piece of configuration that control reads")  # fmt: skip
    fit.add_argument("--picture", action=OutputFile, suffix=".png", metavar="FILE.png",
                     help="draw measured and predicted effort of every joint")  # fmt: skip
    for parser_of_one in (record, fit):
        parser_of_one.add_argument("--json", action=OutputFile, metavar="FILE",
                                   help="write the figures, name → number")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Record or fit; 0 when done, 1 when the running job's arm was not moved to the end."""
    return _record(arguments) if arguments.action == "record" else _fit(arguments)


def _record(arguments: argparse.Namespace) -> int:
    # These imports take a second; --help must not.
    from rich.console import Console

    from controllers.arm.arm_dynamics import Payload
    from vla_ros.commands.identify.recording_run import SimulatedTruth, record_computed, record_live
    from vla_ros.robots.identification.excitation_search import SearchConfig
    from vla_ros.robots.identification.recording import read_recording, write_recording

    console = Console(stderr=True)
    if not arguments.simulate and (arguments.payload or arguments.friction is not None):
        raise ConfigError("--payload and --friction say what is computed: give them with --simulate")
    if arguments.simulate and arguments.effort != "commanded":
        raise ConfigError("--simulate records commanded efforts: leave --effort out")
    check_seed(arguments.seed)
    path = Path(arguments.file)
    search = SearchConfig(period=arguments.period, fits=arguments.series, speed_share=arguments.speed)
    if arguments.simulate:
        mass, *center = arguments.payload or (0.0, 0.0, 0.0, 0.0)
        friction = 1.0 if arguments.friction is None else arguments.friction
        truth = SimulatedTruth(Payload(mass, tuple(center)), friction)
        recording = record_computed(arguments.robot, search, arguments.table, arguments.seed, truth, console)
        write_recording(path, recording)
    else:
        measured = arguments.effort == "measured"
        code = record_live(path, search, arguments.table, arguments.seed, arguments.robot, measured)
        if code != 0:
            return code
        recording = read_recording(path)
    print(f"{path}: {len(recording.time)} samples in {recording.duration:.0f} s of {len(recording.joints)} joints")
    figures = {"samples": float(len(recording.time)), "duration_s": recording.duration}
    if arguments.json:
        write_output("--json", arguments.json, json.dumps(figures, indent=2) + "\n")
    return 0


def _fit(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from controllers.arm.model import ArmModel
    from vla_ros.commands.identify.report import figures, print_report
    from vla_ros.robots.embodiment import expand_urdf, load_embodiment
    from vla_ros.robots.identification.estimation import identify
    from vla_ros.robots.identification.fragment import yaml_fragment
    from vla_ros.robots.identification.recording import read_recording

    path = Path(arguments.file)
    recording = read_recording(path)
    embodiment = load_embodiment(recording.robot)
    arm = embodiment.arm(recording.arm)
    recording.check_arm(arm)
    model = ArmModel(expand_urdf(embodiment), arm.joints, arm.tool_frame, armature=arm.armature.tolist())
    found = identify(model, recording, arm.effort)
    print_report(found, recording, Console())
    if arguments.picture:
        from vla_ros.commands.identify.picture import write_picture

        write_picture(Path(arguments.picture), found)
    if arguments.yaml:
        write_output("--yaml", arguments.yaml, yaml_fragment(found, path.name))
    if arguments.json:
        write_output("--json", arguments.json, json.dumps(figures(found), indent=2) + "\n")
    return 0
