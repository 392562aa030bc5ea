# SPDX-License-Identifier: Apache-2.0
"""What reads files of others, each as far as a command of ours would: a function for each kind of file."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import cv2

from controllers.errors import VlaError
from vla_ros import configuration, documents, encoded_images


def yaml(path: Path) -> None:
    from vla_ros.objects.object_file import ObjectFile
    from vla_ros.policies.contract import DataContract
    from vla_ros.policies.geometric.config import GeometricConfig
    from vla_ros.robots.embodiment import RobotConfig, embodiment_from
    from vla_ros.tasks.grasping.lifting import GraspTaskConfig

    kinds = {"franka_grasp": DataContract, "franka": RobotConfig, "soap": ObjectFile, "geometric": GeometricConfig}
    read = configuration.load_config(path, kinds.get(path.stem, GraspTaskConfig))
    if isinstance(read, RobotConfig):
        embodiment_from(read)


def json(path: Path) -> None:
    from vla_ros.evaluation.episode_log import read_log
    from vla_ros.policies.contract import contract_from_text
    from vla_ros.policies.graspvla.small.checkpoint_config import CONFIG, read_config
    from vla_ros.runtime.folder import RuntimeFolder
    from vla_ros.runtime.running import _entry
    from vla_ros.teleop.episodes.summary import read_summary
    from vla_ros.training.generation.ledger import Ledger

    if path.stem == "contract":
        contract_from_text(documents.read_bytes(path, 1 << 20).decode(errors="replace"), str(path))
    elif path.stem == "running":
        os.chmod(path.parent, 0o700)
        _entry(RuntimeFolder(path.parent), path.name)
    else:
        shutil.copy(path, path.parent / CONFIG)
        read_config(path.parent)
    shutil.copy(path, path.parent / "summary.json")
    read_summary(path.parent)
    for read in (read_log, Ledger):
        try:
            read(path)
        except VlaError:
            continue


def dataset(path: Path) -> None:
    from vla_ros.data.datasets.check import check

    root = next(folder for folder in path.parents if (folder / "meta").is_dir())
    check(root, deep=True)


def bag(path: Path) -> None:
    from vla_ros.data.bags.image_reading import IMAGE_TYPES, ImageReader
    from vla_ros.data.bags.information import as_text, bag_information
    from vla_ros.data.bags.reader import BagReader
    from vla_ros.data.bags.repair import repair

    try:
        with BagReader(path.parent) as bag:
            as_text(bag_information(bag))
            for message in bag.messages():
                kind = bag.topics[message.topic].type
                read = bag.decode(message)
                if kind in IMAGE_TYPES:
                    ImageReader(kind).read(read)
    finally:
        repair(path.parent)


def chunk(path: Path) -> None:
    from mcap.exceptions import McapError

    from vla_ros.data.bags.mcap.input import uncompress

    for size in (0, 1414, 1 << 33):
        try:
            uncompress("zstd", path.read_bytes(), size)
        except McapError:
            continue


def image(path: Path) -> None:
    encoded_images.read_image(path, cv2.IMREAD_COLOR)


def mesh(path: Path) -> None:
    from vla_ros.objects.mesh_file import read_mesh

    read_mesh(path)


def mjcf(path: Path) -> None:
    from vla_ros.objects.mjcf import read_mjcf
    from vla_ros.objects.problems import Findings

    findings = Findings()
    read_mjcf(path, 1.0, (0.5, 0.5, 0.5, 1.0), findings)
    findings.check()


def urdf(path: Path) -> None:
    from vla_ros.robots.link_tree import LinkTree
    from vla_ros.robots.urdf import expand_xacro, joint_limits, link_names

    urdf = expand_xacro(path)
    link_names(urdf)
    tree = LinkTree(urdf)
    for joint in tree.joints:
        joint_limits(urdf, joint)
    tree.moving(dict.fromkeys(tree.joints, 0.1))


def safetensors(path: Path) -> None:
    import numpy as np
    from safetensors import safe_open

    from vla_ros.policies.graspvla.small.checkpoint_config import (
        STATISTICS,
        CheckpointConfig,
        NetworkSizes,
        check_weights,
    )

    said = CheckpointConfig.__new__(CheckpointConfig)
    object.__setattr__(said, "networks", NetworkSizes(1, 1))
    for name in STATISTICS:
        object.__setattr__(said, name, tuple(np.arange(6.0)))
    check_weights(path.parent, said)
    with safe_open(str(path), "numpy") as file:
        [file.get_tensor(name) for name in file.keys()]  # noqa: SIM118 (no mapping)


def npz(path: Path) -> None:
    from vla_ros.robots.identification.recording import read_recording

    read_recording(path)


def page(path: Path) -> None:
    from vla_ros.teleop import protocol

    protocol.parse(path.read_bytes().decode(errors="surrogateescape"))


def hand_demonstration(path: Path) -> None:
    from vla_ros.data.hands.demonstration import _hand, _rows, _shown
    from vla_ros.teleop.hand_recording import checks

    content = path.read_bytes()
    if path.name == "words.json":
        checks.parse_metadata(content)
    elif path.name == "hands.jsonl":
        checks.check_hands(content)
        _rows(path, lambda row: _hand(row, "right"))
    else:
        checks.check_pictures(content, {f"{i:06}.jpg" for i in range(4)})
        _rows(path, lambda row: _shown(row, path.parent))
