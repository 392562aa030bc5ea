# SPDX-License-Identifier: Apache-2.0
"""`vla dataset edit`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError

if TYPE_CHECKING:
    from vla_ros.data.datasets.editing.edits import DatasetEdits
    from vla_ros.data.datasets.metadata import DatasetMetadata
    from vla_ros.policies.contract import DataContract


def add_edit_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be changed."""
    parser.description = (
        "Change a dataset. Without --to it is changed in its place, and the state before is kept beside it until you "
        "remove it; --undo brings it back. Interrupted or killed, the dataset is whole, and the same command goes on "
        "where it was. Statistics are computed again."
    )
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="folder that holds meta/")
    parser.add_argument("--to", type=Path, metavar="NEW", help="write the result there and leave DATASET alone")
    parser.add_argument("--delete", metavar="EPISODES", help="such as 0-3,7; the others are numbered anew")
    parser.add_argument("--rename", nargs=2, action="append", default=[], metavar=("OLD", "NEW"),
                        help="call a task by other words; an existing task's words join the two")  # fmt: skip
    parser.add_argument("--drop", action="append", default=[], metavar="FEATURE", help="leave out a column or camera")
    parser.add_argument("--resize", action="append", default=[], metavar="[CAMERA=]WxH",
                        help="make pictures smaller or larger, with their calibration and boxes")  # fmt: skip
    parser.add_argument("--fit", choices=("crop", "stretch"), help="--resize to another shape: cut the rest, or bend")
    parser.add_argument("--clean", action="store_true",
                        help="leave out frames with annotation.action_valid 0; episodes are cut there")  # fmt: skip
    parser.add_argument(
        "--contract", metavar="NAME", help="say by which contract the data is made: a name, or a .yaml file"
    )
    parser.add_argument("--undo", action="store_true", help="bring back the state before the last edit")


def run_edit(arguments: argparse.Namespace) -> int:
    """Edit, or undo the last edit; 0 when done."""
    from vla_ros.data.datasets.editing.edit import edit, undo, write_contract
    from vla_ros.data.datasets.editing.workplace import recover
    from vla_ros.data.datasets.metadata import load_metadata
    from vla_ros.progress import shown

    root: Path = arguments.dataset
    if arguments.undo:
        if _asks_for_more(arguments):
            raise ConfigError("--undo: give it alone")
        print(f"{root}: is as it was before its last edit; what was undone is in {undo(root)}")
        return 0
    recover(root)
    metadata = load_metadata(root)
    edits = _edits(arguments, metadata)
    if not edits.changes_frames and edits.contract is None and arguments.to is None:
        raise ConfigError(f"{root}: nothing to do: give --delete, --rename, --drop, --resize, --clean or --contract")
    if edits.contract is not None and not edits.changes_frames and arguments.to is None:
        write_contract(metadata, edits.contract)
        print(f"{root}: says now that it is made by contract '{edits.contract.name}'")
        return 0
    try:
        with shown("editing") as progress:
            report = edit(root, edits, arguments.to, progress)
    except KeyboardInterrupt:
        print("interrupted: the dataset is as it was; the same command goes on where this one stopped")
        return 130
    print(f"{report.root}: {report.episodes} episodes, {report.frames} frames; {report.left_out} frames left out")
    if report.before is not None:
        print(f"before: {report.before}; --undo brings it back, and when all is well it can be removed")
    return 0


def _edits(arguments: argparse.Namespace, metadata: DatasetMetadata) -> DatasetEdits:
    from vla_ros.data.datasets.editing.edits import DatasetEdits, sizes
    from vla_ros.data.datasets.split import episode_list

    delete = () if arguments.delete is None else episode_list(arguments.delete, f"--delete {arguments.delete}: give")
    if arguments.fit and not arguments.resize:
        raise ConfigError("--fit says how --resize changes the shape: give both")
    return DatasetEdits(
        tuple(delete),
        {old: new.strip() for old, new in arguments.rename},
        tuple(arguments.drop),
        sizes(arguments.resize, arguments.fit, metadata),
        arguments.clean,
        _contract(arguments.contract, metadata),
    )


def _contract(name: str | None, metadata: DatasetMetadata) -> DataContract | None:
    from vla_ros.policies.contract import load_contract

    if name is None or (metadata.contract is not None and metadata.contract.name == name):
        return None if name is None else metadata.contract
    return load_contract(name)


def _asks_for_more(arguments: argparse.Namespace) -> bool:
    return any(
        getattr(arguments, name) for name in ("to", "delete", "rename", "drop", "resize", "fit", "clean", "contract")
    )
