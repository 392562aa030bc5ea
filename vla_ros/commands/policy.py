# SPDX-License-Identifier: Apache-2.0
"""Check a dataset against a policy's contract, or make a checkpoint of weights that others released."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from vla_ros.output_file import OutputFile
from vla_ros.robots.names import DEFAULT_ROBOT

if TYPE_CHECKING:
    from vla_ros.data.conventions.check import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `check` and `import`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="check|import")
    check = actions.add_parser(
        "check",
        help="say whether a dataset's numbers and pictures mean what a contract says of them",
        description="Say whether a dataset's numbers and pictures mean what a contract says of them. Exit code 1 when "
        "something was found.",
        epilog="example: vla policy check franka_grasp datasets/mugs",
    )
    check.add_argument("contract", help="name of a contract of config/contracts, or a .yaml file")
    check.add_argument("dataset", help="LeRobotDataset that is to follow it")
    check.add_argument("--statistics", default="", metavar="DIR",
                       help="checkpoint or dataset whose statistics the numbers are normalised by")  # fmt: skip
    check.add_argument("--json", action=OutputFile, metavar="FILE", help="write what was found there too")
    taken = actions.add_parser(
        "import",
        help="make a checkpoint of GraspVLA's released weights, to launch, serve and evaluate",
        description="Make a checkpoint of GraspVLA's released weights (docs/graspvla_full.md), to launch, serve and "
        "evaluate as policy graspvla_full. Every name and shape is compared before any weight is read."
        " Needs memory for all weights.",
        epilog="example: vla policy import downloads/GraspVLA checkpoints/graspvla --llm downloads/internlm2-1_8b",
    )
    taken.add_argument("folder", metavar="DOWNLOAD",
                       help="their folder: config.json, preprocessor.npz, checkpoint/model.safetensors")  # fmt: skip
    taken.add_argument("output", metavar="OUTPUT", help="folder of the checkpoint, which is not there yet")
    taken.add_argument("--llm", required=True, metavar="DIR",
                       help="config.json and tokenizer.json of internlm2-1_8b, which are not in it")  # fmt: skip
    taken.add_argument("--robot", default=DEFAULT_ROBOT, help=f"that it is to move (default {DEFAULT_ROBOT})")
    taken.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32",
                       help="of the weights; bfloat16 halves memory and rounds (default float32)")  # fmt: skip
    taken.add_argument("--fit", choices=("crop", "pad"), default="crop",
                       help="of pictures that are not square: their middle, as its clients send it, or all, black "
                       "beside it (default crop)")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Check, 1 when something was found; or import."""
    return _import(arguments) if arguments.action == "import" else _check(arguments)


def _import(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from vla_ros.policies.families.weights import check_packages
    from vla_ros.policies.graspvla.full.specification import PACKAGES
    from vla_ros.robots.embodiment import load_embodiment

    check_packages("graspvla_full", PACKAGES)
    from vla_ros.policies.graspvla.full.released.importing import import_released

    folder, llm, output = (Path(name).expanduser() for name in (arguments.folder, arguments.llm, arguments.output))
    robot = load_embodiment(arguments.robot)
    config = import_released(folder, llm, robot, output, arguments.dtype, arguments.fit)
    size = (output / "model.safetensors").stat().st_size / 1e9
    seen = ", ".join(config.cameras)
    print(f"{output}: GraspVLA in the released form for {robot.name}, cameras {seen}, {config.dtype}, {size:.1f} GB")
    print(f"  ./vla launch policy policy:=graspvla_full checkpoint:={output}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from controllers.errors import ConfigError
    from vla_ros.commands.data.dataset import write_json
    from vla_ros.data.conventions.check import check_conventions
    from vla_ros.data.datasets.metadata import load_metadata
    from vla_ros.policies.contract import load_contract
    from vla_ros.progress import shown

    contract = load_contract(arguments.contract)
    metadata = load_metadata(Path(arguments.dataset).expanduser())
    statistics = Path(arguments.statistics).expanduser() if arguments.statistics else None
    if statistics is not None and not statistics.is_dir():
        raise ConfigError(f"--statistics {arguments.statistics}: there is no such folder")
    with shown("checking") as progress:
        report = check_conventions(contract, metadata, statistics, progress)
    print(_text(report, arguments.dataset, contract.name))
    write_json(arguments.json, _json(report))
    return 1 if report.findings else 0


def _text(report: Report, dataset: str, contract: str) -> str:
    from vla_ros.data.conventions.finding import FAULTS

    lines = []
    for finding in report.findings:
        lines += [f"{finding.fault}: {finding}", f"    the contract: {FAULTS[finding.fault]}"]
    lines += [f"cannot be told: {one}" for one in report.untold]
    said = f"{len(report.findings)} findings" if report.findings else "follows it as far as can be told"
    return "\n".join(
        [*lines, f"{dataset}, {report.episodes} episodes, {report.frames} frames, contract {contract}: {said}"]
    )


def _json(report: Report) -> dict[str, object]:
    return {
        "ok": not report.findings,
        "findings": [{"fault": one.fault, "where": one.where, "seen": one.seen} for one in report.findings],
        "untold": [{"what": one.what, "why": one.why} for one in report.untold],
        "frames": report.frames,
        "episodes": report.episodes,
    }
