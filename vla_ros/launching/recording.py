# SPDX-License-Identifier: Apache-2.0
"""The part of a graph that records it: any job takes `record:=DIR`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.launching.arguments import LaunchArgument, Value
from vla_ros.launching.graph import Argument, Given, NodeSpec
from vla_ros.launching.restarting import as_before, recorder_again

RECORD = "record"


def recording_arguments() -> tuple[LaunchArgument, ...]:
    """Return the launch arguments of a recording."""
    return (
        LaunchArgument(RECORD, "", "record every topic into this folder, which must not exist yet; empty: do not"),
        LaunchArgument(
            "record_episodes", False, "a bag for each episode, record:=DIR/episode_000000 and so on; DIR may exist"
        ),
        LaunchArgument(
            "record_images", "raw", "form of the colour images in it (docs/bags.md)", choices=("raw", "jpeg", "h264")
        ),
        LaunchArgument("record_compression", "zstd", "of everything in it", choices=("none", "zstd")),
        LaunchArgument(
            "record_contract", "", "contract that the recording must serve (docs/datasets.md); empty: do not look"
        ),
    )


def recorder_node(job: str, robot: str = "robot") -> NodeSpec:
    """Return the process that records `job`, whose argument `robot` names the robot.

    A recording that was requested and cannot go on, such as on a full disk, ends the job.
    """
    where = {"directory": Argument(RECORD), "episodes": Argument("record_episodes")}
    return NodeSpec(
        "recorder",
        "recorder_node",
        where | _how(job, robot),
        ends=True,
        condition=RECORD,
        again=recorder_again,
    )


def collection_recorder_node(job: str, robot: str = "robot") -> NodeSpec:
    """Return the process that records each episode of the collection that the argument `collection` names.

    Losing it ends nothing: the page says so, and the episode does not count (docs/collection.md).
    """
    where = {"collection": Argument("collection")}
    return NodeSpec(
        "collector",
        "recorder_node",
        where | _how(job, robot),
        required=False,
        condition="collection",
        again=as_before,
    )


def _how(job: str, robot: str) -> dict[str, Given]:
    return {
        "images": Argument("record_images"),
        "compression": Argument("record_compression"),
        "contract": Argument("record_contract"),
        "robot": Argument(robot),
        "job": job,
    }


def check_recording(arguments: Mapping[str, Value]) -> None:
    """Raise ConfigError when the bag could not be made: better now than beside a moving arm."""
    record = str(arguments[RECORD])
    if record:
        check_bag_folder(record, f"{RECORD}:={record}", bool(arguments["record_episodes"]))
    contract = str(arguments["record_contract"])
    if contract:
        from vla_ros.policies.contract import load_contract
        from vla_ros.policies.contract_checks import check_robot
        from vla_ros.robots.embodiment import load_embodiment

        check_robot(load_contract(contract), load_embodiment(str(arguments["robot"])))


def check_bag_folder(folder: str, given: str, episodes: bool = False) -> Path:
    """Return where a new bag goes, or a bag for each of the `episodes`, whose folder may exist.

    Raises VlaError, led by the words that were given, when it cannot.
    """
    from vla_ros.data.bags.location import partial_path

    path = Path(folder)
    if path.name in ("", ".."):
        raise ConfigError(f"{given}: name a folder for the bag")
    if episodes:
        if path.exists() and (not path.is_dir() or (path / "metadata.yaml").exists()):
            raise ConfigError(f"{given}: is a bag or a file; name a folder for the episodes' bags")
    else:
        partial_path(path)
    parent = next(folder for folder in (path.resolve() / "bag").parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise ConfigError(f"{given}: {parent} cannot be written to; name another folder")
    return path
