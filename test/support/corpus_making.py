# SPDX-License-Identifier: Apache-2.0
"""Make test/assets/corpus anew, a few kilobytes for each parser: `python test/support/corpus_making.py`."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from assets import CORPUS, OBJECTS, ROOT

sys.path.insert(0, str(ROOT))

import cv2
import numpy as np
import zstandard

SHIPPED = {
    "yaml": ("contracts/franka_grasp", "robots/franka", "policies/geometric", "tasks/grasping"),
}


def make() -> None:
    """Write every file; what lay there goes."""
    from arms.small_identification import small
    from bags.bag_making import arm_at_work, write_bag
    from demonstrations.sample_dataset import CONTRACT, write_sample

    from vla_ros.configuration import build
    from vla_ros.data.bags.writer import BagSettings
    from vla_ros.documents import parse_yaml
    from vla_ros.policies.contract import DataContract, contract_text
    from vla_ros.robots.identification.recording import write_recording

    shutil.rmtree(CORPUS, ignore_errors=True)
    for name in (
        "yaml",
        "json",
        "bag",
        "chunk",
        "image",
        "mesh",
        "mjcf",
        "urdf",
        "safetensors",
        "hand_demonstration",
        "page",
        "npz",
    ):
        (CORPUS / name).mkdir(parents=True)
    for name in SHIPPED["yaml"]:
        shutil.copy(ROOT / "config" / f"{name}.yaml", CORPUS / "yaml" / f"{Path(name).name}.yaml")
    shutil.copy(OBJECTS / "soap.yaml", CORPUS / "yaml")
    contract = build(DataContract, parse_yaml(CONTRACT, "contract"), "contract")
    (CORPUS / "json/contract.json").write_text(contract_text(contract))
    running = {"pid": 1, "job": "x", "domain_id": 3, "discovery": "LOCALHOST", "profile": "", "run_directory": "/x",
               "namespace": "", "started": 7}  # fmt: skip
    (CORPUS / "json/running.json").write_text(json.dumps(running))
    checkpoint = json.loads((ROOT / "checkpoints/graspvla_small/config.json").read_text())
    checkpoint["training"] = {}
    (CORPUS / "json/checkpoint.json").write_text(json.dumps(checkpoint))
    write_sample(CORPUS / "dataset", [4, 3])
    for name, settings in {
        "zstd": BagSettings(), "plain": BagSettings(compression="none"), "old": BagSettings(distribution="humble"),
    }.items():  # fmt: skip
        write_bag(CORPUS / "bag" / name, list(arm_at_work(0.1, images=name == "zstd")), settings, {"job": "x"})
    content = (CORPUS / "yaml/franka_grasp.yaml").read_bytes()
    (CORPUS / "chunk/zstd").write_bytes(zstandard.compress(content))
    pixels = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)
    smooth = cv2.GaussianBlur(pixels, (0, 0), 3)
    cv2.imwrite(str(CORPUS / "image/baseline.jpg"), smooth)
    cv2.imwrite(str(CORPUS / "image/progressive.jpg"), smooth, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    cv2.imwrite(str(CORPUS / "image/color.png"), smooth)
    cv2.imwrite(str(CORPUS / "image/depth.png"), smooth[..., 0].astype(np.uint16) * 9)
    _meshes(CORPUS / "mesh")
    for name in ("stapler.xml",):
        shutil.copy(OBJECTS / name, CORPUS / "mjcf")
    (CORPUS / "mjcf/mesh.xml").write_text(
        '<mujoco><compiler meshdir="../mesh"/><asset><mesh name="m" file="box.obj" scale="1 1 1"/>'
        '<texture name="t" type="2d" file="../image/color.png"/><material name="c" texture="t"/></asset><worldbody>'
        '<body><geom type="mesh" mesh="m" material="c" pos="0 0 1" euler="1 2 3"/></body></worldbody></mujoco>\n'
    )
    _urdf(CORPUS / "urdf")
    _safetensors(CORPUS / "safetensors")
    write_recording(CORPUS / "npz/recording.npz", small())
    _page(CORPUS / "page")
    _hand_demonstration(CORPUS / "hand_demonstration")
    for path in CORPUS.rglob(".*"):
        path.unlink()


def _meshes(folder: Path) -> None:
    import trimesh

    box = trimesh.creation.box((0.04, 0.05, 0.06))
    box.export(folder / "box.obj")
    box.export(folder / "box.stl")
    (folder / "text.stl").write_text(trimesh.exchange.stl.export_stl_ascii(box))
    counts = np.array([len(box.vertices), 0, 0, len(box.faces)], "<i4")
    (folder / "box.msh").write_bytes(
        counts.tobytes() + box.vertices.astype("<f4").tobytes() + box.faces.astype("<i4").tobytes()
    )


def _urdf(folder: Path) -> None:
    (folder / "arm.xacro").write_text(
        '<robot xmlns:xacro="http://www.ros.org/wiki/xacro" name="arm"><xacro:property name="l" value="0.3"/>'
        '<xacro:macro name="part" params="n"><link name="l${n}"/><joint name="j${n}" type="revolute">'
        '<parent link="base"/><child link="l${n}"/><origin xyz="0 0 ${l}" rpy="0 1 0"/><axis xyz="0 0 1"/>'
        '<limit lower="-1" upper="1" velocity="2" effort="9"/></joint></xacro:macro>'
        '<link name="base"/><xacro:part n="1"/></robot>\n'
    )


def _safetensors(folder: Path) -> None:
    from safetensors.numpy import save_file

    names = ("proposals.a", "matching.b", "grasp.c", "expert.d", "mean", "spread")
    save_file({name: np.arange(6, dtype=np.float32) for name in names}, folder / "model.safetensors")


def _page(folder: Path) -> None:
    hand = {"p": [0.1, 1.0, -0.3], "q": [0, 0, 0, 1], "clutch": True, "gripper": 0.5}
    for name, message in {
        "hello": {"type": "hello", "protocol": 1, "name": "Ann", "seat": "drive"},
        "ping": {"type": "ping", "t": 1.5},
        "hands": {"type": "hands", "n": 1, "t": 1.5, "source": "xr", "hands": {"right": hand}},
        "command": {"type": "command", "id": 1, "command": "home"},
    }.items():
        (folder / f"{name}.json").write_text(json.dumps(message))


def _hand_demonstration(folder: Path) -> None:
    hand = {"p": [0.1, 1.0, -0.3], "q": [0, 0, 0, 1], "clutch": True, "gripper": 0.5}
    rows = [{"type": "hands", "n": i, "t": 1.0 + i, "source": "xr", "hands": {"right": hand}} for i in range(4)]
    shown = [{"t": 1.0 + i, "file": f"{i:06}.jpg", "head": {"p": [0, 1, 0], "q": [0, 0, 0, 1]}} for i in range(4)]
    (folder / "hands.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "pictures.jsonl").write_text("".join(json.dumps(row) + "\n" for row in shown))
    words = {"id": "aaaa0001", "instruction": "pick it up", "hand": "right", "lost": 0}
    (folder / "words.json").write_text(json.dumps(words))


if __name__ == "__main__":
    make()
    print(sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()), "bytes")
