# SPDX-License-Identifier: Apache-2.0
"""Make those folders of test/assets/corpus that hold chunks, frames, checkpoints and what evaluations leave behind.

`python test/support/corpus_of_records.py`. Inputs of former findings (`-found` in a file's or folder's name) stay.
"""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import sys
from pathlib import Path

from assets import CORPUS, ROOT

sys.path.insert(0, str(ROOT))

import numpy as np


def make() -> None:
    """Write every file but the inputs of former findings."""
    for name in ("action_chunk", "frame", "checkpoint", "detector", "rollout", "record", "calibration"):
        for path in sorted((CORPUS / name).rglob("*")):
            if path.is_file() and "-found" not in str(path.relative_to(CORPUS)):
                path.unlink()
        (CORPUS / name).mkdir(parents=True, exist_ok=True)
    _chunks(CORPUS / "action_chunk")
    _frames(CORPUS / "frame")
    _checkpoints(CORPUS / "checkpoint")
    _detector(CORPUS / "detector")
    _rollouts(CORPUS / "rollout")
    _records(CORPUS / "record")
    _views(CORPUS / "calibration")


def _chunks(folder: Path) -> None:
    from rclpy.serialization import serialize_message

    from bench.one_arm import OneArm
    from bench.parser_fuzzing.chunk_parsers import NOW
    from controllers.chunks.chunk import ActionChunk, pose_channels
    from vla_ros.messages import chunk_message

    arm = OneArm("franka")
    times = 0.1 * np.arange(1, 4)
    for name, channels, rows in (
        ("poses", (*pose_channels(arm.name), arm.width), np.tile(np.append(arm.start, 0.04), (3, 1))),
        ("joints", tuple(f"{joint}/position" for joint in arm.model.joints), np.tile(arm.home, (3, 1))),
        ("velocities", tuple(f"{joint}/velocity" for joint in arm.model.joints), np.full((3, len(arm.home)), 0.1)),
    ):
        chunk = ActionChunk(NOW, arm.embodiment.base_frame, channels, times, rows, 1)
        (folder / f"{name}.cdr").write_bytes(bytes(serialize_message(chunk_message(chunk))))


def _frames(folder: Path) -> None:
    from vla_ros.runtime.frames import write_frame

    pictures = {"front": np.arange(48, dtype=np.uint8).reshape(4, 4, 3), "state": np.arange(8, dtype=np.float32)}
    for name, frames in {
        "reset": [({"do": "reset", "episode": 3, "suite": "libero_object"}, {})],
        "step": [({"do": "step"}, {"torque": np.zeros(7)}), ({"done": False, "reward": 0.0}, pictures)],
    }.items():
        stream = io.BytesIO()
        for values, arrays in frames:
            write_frame(stream, values, arrays)
        (folder / name).write_bytes(stream.getvalue())


def _checkpoints(folder: Path) -> None:
    from lerobot_parts import files as lerobot_files
    from tiny import act as act_tiny
    from tiny import gam as gam_tiny
    from tiny import gear_vla as gear_vla_tiny
    from tiny import gr3 as gr3_tiny
    from tiny import gr3_full as gr3_full_tiny
    from tiny import graspvla_full as graspvla_full_tiny

    from vla_ros.policies.actions.normalisation import Statistics
    from vla_ros.policies.backbone.checkpoint_config import BackboneConfig
    from vla_ros.policies.flow.checkpoint import new_network, save_flow
    from vla_ros.policies.flow.config import FlowConfig

    config = FlowConfig(
        robot="franka",
        state=("panda/position.x", "panda/position.y"),
        state_statistics=Statistics((0.4, 0.0), (0.1, 0.1)),
        action=dataclasses.replace(act_tiny.CONFIG.action, horizon=2, grippers=()),
        action_statistics=Statistics((0.0,) * 6, (0.01,) * 6),
        frame_id="panda_link0",
        period=0.1,
        width=4,
        depth=1,
        prefix_max=1,
        horizons=(1, 2),
        correction_width=4,
        waypoint_width=4,
    )
    save_flow(folder / "flow", new_network(config), config)
    for name, values in {  # with other weights, since their own would be large: what the sizes mean is built first
        "act": act_tiny.CONFIG,
        "backbone": BackboneConfig(gr3_tiny.SIZES),
        "gam": gam_tiny.CONFIG,
        "gear_vla": gear_vla_tiny.CONFIG,
        "gr3": gr3_tiny.CONFIG,
        "gr3_full": gr3_full_tiny.full_config(),
        "graspvla_full": graspvla_full_tiny.full_config(),
    }.items():
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "config.json").write_text(json.dumps(dataclasses.asdict(values), indent=1) + "\n")
    (folder / "graspvla").mkdir(exist_ok=True)
    shutil.copy(ROOT / "checkpoints/graspvla_small/config.json", folder / "graspvla")
    for name in ("act", "backbone", "gam", "gear_vla", "gr3", "graspvla"):
        shutil.copy(folder / "flow/model.safetensors", folder / name)
    lerobot_files.write_checkpoint(folder / "lerobot")


def _detector(folder: Path) -> None:
    from vla_ros.failure_detection.detector import DetectorConfig, FailureDetector, save_detector

    config = DetectorConfig(
        "graspvla", "x", 2, 2, 3, 0.1, "set=other", 0, (2, 4), ("x/grasping/basic/action/common/1",)
    )
    save_detector(folder, FailureDetector(config))


def _rollouts(folder: Path) -> None:
    from policy_making.synthetic_rollouts import rollout

    from vla_ros.failure_detection.rollout import rollout_path, save_rollout

    for seed in (1, 2):
        one = rollout(np.random.default_rng(seed).normal(size=(4, 2)), seed, seed == 1)
        save_rollout(rollout_path(folder, ("grasping", "basic"), seed), one)


def _records(folder: Path) -> None:
    from bags.replay_bag import SCENE

    from vla_ros.benchmarks.libero.evaluation import _shared
    from vla_ros.benchmarks.libero.settings import LiberoSettings
    from vla_ros.teleop.episodes.journal import Journal
    from vla_ros.teleop.episodes.summary import Summary
    from vla_ros.training.generation.ledger import Ledger, SeedRecord

    rows = ROOT / "checkpoints/graspvla_small/test.rows"
    log = (rows / "basic_action.episodes.jsonl").read_text().splitlines(keepends=True)[:3]
    (folder / "episodes.jsonl").write_text("".join(log))
    (folder / "tests.jsonl").write_text((ROOT / "checkpoints/graspvla_small/tests.jsonl").read_text())
    (folder / "x.rows").mkdir(exist_ok=True)
    shutil.copy(rows / "test.json", folder / "x.rows")
    (folder / "reference.json").write_text('{\n"12": 64,\n"13": null\n}\n')
    (folder / "result.json").write_text(json.dumps({"success": True, "attempts": 1, "outcome": "success"}) + "\n")
    (folder / "summary.json").write_text(json.dumps(dataclasses.asdict(Summary(instruction="x"))) + "\n")
    (folder / "meta").mkdir(exist_ok=True)
    (folder / "meta/relaxed.json").write_text(json.dumps({"longest_hole_s": {"a": 0.5}}) + "\n")
    (folder / "scene.json").write_text(json.dumps(SCENE) + "\n")
    (folder / "libero.jsonl").write_text(json.dumps({"settings": _shared(LiberoSettings())}) + "\n")
    journal = Journal(folder / "journal.jsonl")
    journal.append("begin", episode="a", instruction="pick it up", operator="Ann")
    journal.append("end", episode="a", success=True, note="")
    journal.close()
    Ledger(folder / "generation.jsonl").append(
        [SeedRecord("demonstration", 1, "", 80, 8.0, 2.0), SeedRecord("x", 2, "y")]
    )


def _views(folder: Path) -> None:
    views = [{"picture": "baseline.jpg", "tool": [0.4, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0]}]
    views += [{"picture": "color.png", "joints": {"panda_joint1": 0.1}}]
    for name in ("baseline.jpg", "color.png"):
        shutil.copy(CORPUS / "image" / name, folder)
    (folder / "views.yaml").write_text("".join(f"- {json.dumps(view)}\n" for view in views))


if __name__ == "__main__":
    make()
    print(sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()), "bytes")
