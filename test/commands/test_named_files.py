# SPDX-License-Identifier: Apache-2.0
"""Every argument that names a file or folder: what is wrong with it is one line and code 2 before anything starts."""

from __future__ import annotations

import json
import math
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from assets import ROOT

from vla_ros.cli import main
from vla_ros.launching.processes.process import NodeProcess

SHIPPED = ROOT / "checkpoints" / "graspvla_small"
GRASP, TELEOP = ("launch", "franka_grasp"), ("teleop",)
NOISE = bytes(range(128, 256)) * 8  # neither UTF-8 nor the beginning of any format
OTHER_KINDS = {"lerobot": {"type": "pi0", "n_obs_steps": 1}, "full": {"format": "graspvla_full", "version": 1}}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in a folder of things that are not what is requested; nothing may be started."""
    (tmp_path / "empty").mkdir()
    for name in ("noise.yaml", "noise.mcap", "noise.npz", "noise.csv", "noise.json"):
        (tmp_path / name).write_bytes(NOISE)
    (tmp_path / "list.yaml").write_text("- 1\n")
    (tmp_path / "torn.yaml").write_text("a: [1, 2\nb: }")
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / "mug.yaml").write_bytes(NOISE)
    (tmp_path / "objects" / "mug.obj").write_bytes(NOISE)
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "metadata.yaml").write_bytes(NOISE)
    (tmp_path / "dataset" / "meta").mkdir(parents=True)
    (tmp_path / "dataset" / "meta" / "info.json").write_bytes(NOISE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(NodeProcess, "__init__", lambda *_, **__: pytest.fail("a node was started"))
    return tmp_path


@pytest.fixture
def checkpoint(folder):
    """Return what makes a checkpoint's folder: the shipped one, but for what is given."""
    pytest.importorskip("torch")

    def make(config: bytes | None = None, weights: bytes | None = None) -> str:
        path = folder / "checkpoint"
        path.mkdir()
        (path / "config.json").write_bytes((SHIPPED / "config.json").read_bytes() if config is None else config)
        if weights is None:
            (path / "model.safetensors").symlink_to(SHIPPED / "model.safetensors")
        else:
            (path / "model.safetensors").write_bytes(weights)
        return str(path)

    return make


def refused(words: tuple[str, ...], capsys: pytest.CaptureFixture) -> str:
    """Return the one line with which a command refuses, leaving all as it was."""
    before = sorted(Path.cwd().rglob("*"))
    try:
        code = main(words)
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr()
    assert code == 2, said
    assert len(said.err.splitlines()) == 1, said.err
    assert sorted(Path.cwd().rglob("*")) == before
    return said.err


YAML = ("nothere.yaml", "noise.yaml", "list.yaml", "torn.yaml")
TAKE_YAML = (
    (*GRASP, "record_contract:={}"),
    (*TELEOP, "collection:=mugs", "schedule:={}"),
    ("convert", "empty", "out", "--contract", "{}"),
    ("generate", "out", "--config", "{}"),
    ("generate", "out", "--contract", "{}"),
    ("record", "new", "--contract", "{}"),
    ("dataset", "check", "dataset", "--contract", "{}"),
    ("replay", "bag", "--contract", "{}"),
)


@pytest.mark.parametrize("words", TAKE_YAML, ids=" ".join)
@pytest.mark.parametrize("file", YAML)
def test_what_is_no_configuration(capsys, words, file):
    assert file in refused(tuple(word.format(file) for word in words), capsys)


INPUTS = (
    ((*GRASP, "checkpoint:={}"), ("nothere", "noise.npz", "empty")),
    ((*GRASP, "objects:={}"), ("nothere", "noise.npz", "empty", "objects")),
    ((*TELEOP, "checkpoint:={}"), ("nothere",)),  # nor any, without a policy
    ((*TELEOP, "policy:=graspvla", "checkpoint:={}"), ("nothere", "empty")),
    ((*TELEOP, "objects:={}"), ("nothere", "objects")),
    (("launch", "replay", "source:={}"), ("nothere", "noise.mcap", "empty", "bag", "dataset")),
    (("replay", "{}"), ("nothere", "noise.mcap", "empty", "bag", "dataset")),
    (("eval", "--checkpoint", "{}", "--episodes", "1"), ("nothere", "empty")),
    (("eval", "--objects", "{}", "--episodes", "1"), ("nothere", "noise.npz", "empty", "objects")),
    (("eval", "--policy", "geometric", "--compare", "{}", "--episodes", "1"), ("nothere", "empty")),
    (("bag", "info", "{}"), ("nothere", "noise.mcap", "empty", "bag")),
    (("bag", "check", "{}"), ("nothere", "noise.mcap", "empty", "bag")),
    (("bag", "repair", "{}"), ("nothere", "empty")),
    (("bag", "cut", "{}", "part"), ("nothere", "noise.mcap", "empty", "bag")),
    (("convert", "{}", "out", "--contract", "franka_grasp"), ("nothere",)),
    (("convert", "dataset", "{}"), ("new",)),
    *((("dataset", word, "{}"), ("nothere", "noise.npz", "empty", "dataset")) for word in ("info", "stats", "view")),
    (("dataset", "merge", "out", "{}"), ("nothere", "noise.npz", "empty")),
    (("dataset", "split", "{}", "out", "a=1"), ("nothere", "noise.npz", "empty", "dataset")),
    (("generate", "out", "--objects", "{}"), ("nothere", "noise.npz", "empty", "objects")),
    (("hands", "demonstrations", "--folder", "{}"), ("noise.npz",)),
    (("identify", "fit", "{}"), ("nothere", "noise.npz", "empty")),
    (("demonstrate", "{}"), ("noise.npz",)),
    (("bench", "control", "--quick", "--recording", "{}"), ("nothere", "noise.csv", "empty")),
)


@pytest.mark.parametrize(
    ("words", "file"), [(words, file) for words, files in INPUTS for file in files], ids=lambda part: str(part)
)
def test_what_is_not_what_is_asked_for(capsys, words, file):
    refused(tuple(word.format(file) for word in words), capsys)


TRAINED = (
    (("train", "{}"), YAML),
    (("train", "graspvla_small", "--data", "{}", "--output", "out"), ("nothere", "noise.npz", "empty", "dataset")),
    (("train", "graspvla_small", "--output", "{}"), ("noise.npz", "noise.npz/out")),
    (("finetune", "{}", "dataset", "--output", "out"), ("nothere", "noise.npz", "empty")),
    (("finetune", str(SHIPPED), "{}", "--output", "out"), ("nothere", "noise.npz", "empty", "dataset")),
    (("finetune", str(SHIPPED), "empty", "--output", "out", "--original", "{}"), ("nothere",)),
    (("finetune", str(SHIPPED), "empty", "--output", "out", "--config", "{}"), YAML),
    (("finetune", str(SHIPPED), "empty", "--output", "{}"), ("noise.npz", "noise.npz/out")),
)


@pytest.mark.parametrize(("words", "file"), [(words, file) for words, files in TRAINED for file in files])
def test_what_cannot_be_trained_on_or_from_is_said_first(capsys, words, file):
    pytest.importorskip("torch")
    assert file in refused(tuple(word.format(file) for word in words), capsys)


OUTPUTS = (
    (*GRASP, "report:={}/x.json"),
    (*GRASP, "record:={}/bag"),
    (*GRASP, "run_directory:={}/run"),
    (*TELEOP, "collection:={}/mugs", "schedule:=franka"),
    ("eval", "--policy", "geometric", "--episodes", "1", "--json", "{}/x.json"),
    ("eval", "--policy", "geometric", "--episodes", "1", "--video", "{}/films"),
    ("record", "{}/bag"),
    ("generate", "{}/out"),
    ("generate", "out", "--json", "{}/x.json"),
    ("hands", "{}/demonstrations"),
    ("identify", "record", "{}/arm.npz", "--simulate"),
    ("dataset", "info", "dataset", "--json", "{}/x.json"),
    ("dataset", "view", "dataset", "--output", "{}/x.html"),
    ("bag", "info", "bag", "--json", "{}/x.json"),
    ("bag", "check", "bag", "--json", "{}/x.json"),
    ("bag", "check", "bag", "--report", "{}/x.html"),
    ("bench", "filters", "--json", "{}/x.json"),
)


@pytest.mark.parametrize("words", OUTPUTS, ids=" ".join)
def test_where_nothing_can_be_written(capsys, words):
    assert "noise.npz" in refused(tuple(word.format("noise.npz") for word in words), capsys)


@pytest.mark.parametrize("kind", OTHER_KINDS)
@pytest.mark.parametrize(
    "words",
    [
        (*GRASP, "checkpoint:={}"),
        (*TELEOP, "policy:=graspvla", "checkpoint:={}"),
        ("eval", "--episodes", "1", "--checkpoint", "{}"),
    ],
)
def test_a_checkpoint_of_another_kind_is_told_before_any_node_starts(capsys, checkpoint, kind, words):
    path = checkpoint(json.dumps(OTHER_KINDS[kind]).encode())
    said = refused(tuple(word.format(path) for word in words), capsys)
    assert "is a checkpoint of another kind" in said


def _header(names: dict[str, list[int]]) -> bytes:
    """Return weights of zeros with these names and shapes, as safetensors lays them out."""
    entries, end = {}, 0
    for name, shape in names.items():
        size = 4 * int(math.prod(shape))
        entries[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    head = json.dumps(entries).encode()
    return struct.pack("<Q", len(head)) + head + bytes(end)


WEIGHTS = {
    "nothing": (b"", "is corrupt or truncated"),
    "noise": (NOISE, "is corrupt or truncated"),
    "half": ((SHIPPED / "model.safetensors").read_bytes()[:100_000], "is corrupt or truncated"),
    "other": (_header({"vision.stem": [3]}), "lacks backbone"),
    "more": (
        _header({"mean": [7], "spread": [7], "backbone.a": [1], "grasp.a": [1], "expert.a": [1], "vision.stem": [3]}),
        "holds vision.stem",
    ),
    "two trainings": (
        _header({"mean": [7], "spread": [7], "backbone.a": [1], "grasp.a": [1], "expert.a": [1]}),
        "mean is not what config.json says",
    ),
}  # fmt: skip


@pytest.mark.parametrize("weights", WEIGHTS)
def test_weights_that_are_torn_or_of_another_model_are_told_before_any_node_starts(capsys, checkpoint, weights):
    content, expected = WEIGHTS[weights]
    assert expected in refused((*GRASP, f"checkpoint:={checkpoint(weights=content)}"), capsys)


def test_to_look_at_a_checkpoint_takes_no_pytorch(checkpoint, environment):
    path = checkpoint(json.dumps(OTHER_KINDS["lerobot"]).encode())
    code = (
        "import sys; from vla_ros import cli; code = cli.main(sys.argv[1:]);"
        "print(sorted({'torch', 'rclpy', 'mujoco'} & sys.modules.keys())); raise SystemExit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, *GRASP, f"checkpoint:={path}"], env=environment,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "[]\n"), done.stderr
