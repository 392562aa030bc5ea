# SPDX-License-Identifier: Apache-2.0
"""No file that is damaged by chance ends in a traceback, a crash, or without memory or end.

The files of test/assets/corpus are damaged again and again; VLA_FUZZ_FILES=100000 tries as many for each parser.
"""

from __future__ import annotations

import json
import os
import random
import struct
import subprocess
import sys
import zipfile

import pytest
from assets import CORPUS

from bench.parser_fuzzing.campaign import fuzz
from bench.parser_fuzzing.damage import damaged
from bench.parser_fuzzing.families import FAMILIES
from bench.parser_fuzzing.limits import bounded
from controllers.errors import VlaError
from vla_ros.objects import cache
from vla_ros.robots.identification.recording import KEYS, read_recording

FILES = int(os.environ.get("VLA_FUZZ_FILES", "30"))


@pytest.mark.timeout(max(180, 2 * FILES))
@pytest.mark.parametrize("name", FAMILIES)
def test_damaged_inputs_end_in_one_line(name: str) -> None:
    family = FAMILIES[name]
    assert fuzz(family, len(family.inputs()) + FILES) == []


def test_every_parser_has_files_and_the_corpus_is_small() -> None:
    sizes = {path: path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()}
    assert {path.relative_to(CORPUS).parts[0] for path in sizes} <= set(FAMILIES)
    assert all(family.inputs() for family in FAMILIES.values())
    assert sum(sizes.values()) < 1_000_000


@pytest.mark.parametrize("name", [name for name in FAMILIES if FAMILIES[name].watched])
def test_messages_that_are_not_damaged_are_taken_to_their_end(name: str) -> None:
    for path in (CORPUS / name).iterdir():
        FAMILIES[name].parser()(path)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ("checkpoint/map-found/lerobot/policy_preprocessor.json", "norm_map .* no mapping"),
        ("checkpoint/rename-found/lerobot/policy_preprocessor.json", "rename_map .* no mapping"),
        ("checkpoint/name-found/lerobot/policy_preprocessor.json", "xxx is not there"),
        ("checkpoint/orientation-found/gr3_full/config.json", "name all of left/orientation.x"),
        ("checkpoint/width-found/backbone/config.json", "has shape"),
        ("record/libero-found.jsonl", "can't decode byte"),
        ("image/length-found.png", "torn or damaged"),
    ],
)
def test_former_findings_are_one_line_that_says_why(found: str, reason: str) -> None:
    with pytest.raises(VlaError, match=reason):
        FAMILIES[found.partition("/")[0]].parser()(CORPUS / found)


@pytest.mark.parametrize("damage", ["half a header", "encrypted", "a shape of no machine"])
def test_archives_that_numpy_fails_on_in_its_own_ways(tmp_path, damage: str) -> None:
    header = "{'descr': (" if damage == "half a header" else "{'descr': '<f8', 'fortran_order': False, 'shape': (9%s,)}"
    text = (header.replace("%s", "9" * 14) + "\n").encode()
    path = tmp_path / "recording.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for key in KEYS:
            archive.writestr(f"{key}.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text)
    if damage == "encrypted":
        data = bytearray(path.read_bytes())
        for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            data[data.find(mark) + flags] |= 1
        path.write_bytes(data)
    with pytest.raises(VlaError, match=r"not a plain \.npz file"):
        read_recording(path)
    (tmp_path / cache.FOLDER).mkdir()
    path.rename(tmp_path / cache.FOLDER / "x.npz")
    assert cache.load(tmp_path, "x") is None


def test_a_damaged_summary_is_none() -> None:
    from vla_ros.teleop.episodes.summary import read_summary

    assert read_summary(CORPUS / "record/marks-found") is None
    assert read_summary(CORPUS / "record") is not None


def test_a_network_of_too_many_layers_is_refused(tmp_path) -> None:
    from vla_ros.policies.backbone.checkpoint_config import read_backbone_config

    values = json.loads((CORPUS / "checkpoint/backbone/config.json").read_text())
    values["network"]["depth"] = 65536
    (tmp_path / "config.json").write_text(json.dumps(values))
    with pytest.raises(VlaError, match="depth must be at most 256"):
        read_backbone_config(tmp_path)


def test_a_message_that_has_something_loaded_or_opened_is_told(tmp_path) -> None:
    code = (
        "import pathlib, pickle, sys\nfrom bench.parser_fuzzing import protocol_parsers\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "path.write_bytes(pickle.dumps(pathlib.PurePath('a')))\n"
        "watch = protocol_parsers.Watch()\n"
        "print(watch.during(lambda p: str(p.read_bytes()[:0]), path) == \"b''\")\n"
        "print('find_class' in watch.during(lambda p: str(pickle.loads(p.read_bytes())), path))\n"
        "print('open' in watch.during(lambda p: open('/dev/null').close() or '', path))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "message")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 3


def test_damage_is_done_and_failures_are_seen(tmp_path) -> None:
    content = (CORPUS / "json/contract.json").read_bytes()
    assert sum(damaged(content, random.Random(i)) != content for i in range(20)) > 15

    def fails(path) -> None:
        raise KeyError(path)

    assert "KeyError" in bounded(fails, tmp_path)
