# SPDX-License-Identifier: Apache-2.0
"""Parsers of what others hand us, on files that are damaged by chance: each in a process with little memory and time.

`python test/support/parser_fuzz.py COUNT [PARSER …]` prints a line of JSON for each parser.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assets import CORPUS, ROOT

sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2

from controllers.errors import VlaError
from vla_ros import configuration, documents, encoded_images

MEMORY_MAX = 1 << 30  # [B] more than the process has when it begins
SECONDS_MAX = 10.0  # for one file
WORDS = (
    *(
        b"null",
        b"[]",
        b"{}",
        b"-1",
        b"0",
        b"1e999",
        b"NaN",
        b"true",
        b'""',
        b'"\\ud800"',
        b"9" * 30,
        b"1e308",
        b"-1e308",
    ),
    *(
        b"[[[[",
        b"{}{}",
        b"\0",
        b"\xff\xfe",
        b"&a ",
        b"*a",
        b"!!int ",
        b"<<: ",
        b"${",
        b"%s%n",
        b"../",
        b"\x1b[2J",
        b"~",
    ),
)
NUMBERS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\1\0", b"\0\0\0\x80", b"\1\0\0\0")


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Return a file that is cut, overwritten, repeated in part, or says other numbers and words than it did."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        at, length = rng.randrange(len(data) + 1), rng.choice((1, 2, 4, 8, 30))
        match rng.randrange(7):
            case 0:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                data[at : at + 4] = rng.choice(NUMBERS)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[at : at + length] * rng.choice((1, 3, 40))
            case 4:
                data[at:at] = rng.choice(WORDS)
            case 5:  # a whole word, such as a number, becomes another
                end = at
                while end < len(data) and chr(data[end]).isalnum():
                    end += 1
                data[at:end] = rng.choice(WORDS)
            case 6:
                data = data[:at] if rng.random() < 0.3 else data
        if not data:
            return b""
    return bytes(data)


def _yaml(path: Path) -> None:
    from vla_ros.objects.object_file import ObjectFile
    from vla_ros.policies.contract import DataContract
    from vla_ros.policies.geometric.config import GeometricConfig
    from vla_ros.robots.embodiment import RobotConfig, embodiment_from
    from vla_ros.tasks.grasping.lifting import GraspTaskConfig

    kinds = {"franka_grasp": DataContract, "franka": RobotConfig, "soap": ObjectFile, "geometric": GeometricConfig}
    read = configuration.load_config(path, kinds.get(path.stem, GraspTaskConfig))
    if isinstance(read, RobotConfig):
        embodiment_from(read)


def _json(path: Path) -> None:
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


def _dataset(path: Path) -> None:
    from vla_ros.data.datasets.check import check

    root = next(folder for folder in path.parents if (folder / "meta").is_dir())
    check(root, deep=True)


def _bag(path: Path) -> None:
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


def _chunk(path: Path) -> None:
    from mcap.exceptions import McapError

    from vla_ros.data.bags.mcap_input import uncompress

    for size in (0, 1414, 1 << 33):
        try:
            uncompress("zstd", path.read_bytes(), size)
        except McapError:
            continue


def _image(path: Path) -> None:
    encoded_images.read_image(path, cv2.IMREAD_COLOR)


def _mesh(path: Path) -> None:
    from vla_ros.objects.mesh_file import read_mesh

    read_mesh(path)


def _mjcf(path: Path) -> None:
    from vla_ros.objects.mjcf import read_mjcf
    from vla_ros.objects.problems import Findings

    findings = Findings()
    read_mjcf(path, 1.0, (0.5, 0.5, 0.5, 1.0), findings)
    findings.check()


def _urdf(path: Path) -> None:
    from vla_ros.robots.link_tree import LinkTree
    from vla_ros.robots.urdf import expand_xacro, joint_limits, link_names

    urdf = expand_xacro(path)
    link_names(urdf)
    tree = LinkTree(urdf)
    for joint in tree.joints:
        joint_limits(urdf, joint)
    tree.moving(dict.fromkeys(tree.joints, 0.1))


def _safetensors(path: Path) -> None:
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


def _npz(path: Path) -> None:
    from vla_ros.robots.identification.recording import read_recording

    read_recording(path)


def _page(path: Path) -> None:
    from vla_ros.teleop import protocol

    protocol.parse(path.read_bytes().decode(errors="surrogateescape"))


def _hand_demonstration(path: Path) -> None:
    from vla_ros.data.hands.demonstration import _rows
    from vla_ros.teleop.hand_recording import checks

    content = path.read_bytes()
    if path.name == "words.json":
        checks.parse_metadata(content)
    elif path.name == "hands.jsonl":
        checks.check_hands(content)
    else:
        checks.check_pictures(content, {f"{i:06}.jpg" for i in range(4)})
    _rows(path)


PARSERS: dict[str, Callable[[Path], None]] = {
    "yaml": _yaml, "json": _json, "dataset": _dataset, "bag": _bag, "chunk": _chunk, "image": _image, "mesh": _mesh,
    "mjcf": _mjcf, "urdf": _urdf, "safetensors": _safetensors, "npz": _npz, "page": _page,
    "hand_demonstration": _hand_demonstration,
}  # fmt: skip


def bounded(parse: Callable[[Path], None], path: Path) -> str:
    """Return why a parser failed on a file: anything but the project's own errors in one line; "" when it did not."""
    began = time.process_time()  # of its own, whatever else the machine does
    try:
        parse(path)
    except VlaError as error:
        if "\n" in str(error).strip():
            return f"more than one line: {str(error)[:200]!r}"
    except BaseException:
        return traceback.format_exc()[-1500:]
    took = time.process_time() - began
    return f"took {took:.1f} s" if took > SECONDS_MAX else ""


def limit_memory() -> None:
    """Allow this process MEMORY_MAX more than it has."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY_MAX, now + MEMORY_MAX))


def _work(name: str, count: int, seed: int, folder: str, results: Any) -> None:
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)  # what libraries complain about
    limit_memory()
    originals = sorted(path for path in (CORPUS / name).rglob("*") if path.is_file())
    failures: list[str] = []
    for number in range(count):
        rng = random.Random(f"{name} {seed} {number}")
        original = rng.choice(originals)
        results.put((number, original.name, failures))
        place = Path(folder) / f"{name}{number % 50}"
        shutil.rmtree(place, ignore_errors=True)
        # What belongs to a file lies beside it: the parts of a dataset, of a bag, a mesh and its scene.
        shutil.copytree(CORPUS / name, place / name)
        if name == "mjcf":
            shutil.copytree(CORPUS / "mesh", place / "mesh")
            shutil.copytree(CORPUS / "image", place / "image")
        path = place / name / original.relative_to(CORPUS / name)
        path.write_bytes(damaged(original.read_bytes(), rng) if number >= len(originals) else original.read_bytes())
        failure = bounded(PARSERS[name], path)
        if failure:
            failures.append(f"{name} {seed} {number} ({original.name}): {failure}")
        if len(failures) > 5:
            break
    results.put((count, "", failures))


def fuzz(name: str, count: int, seed: int = 0) -> list[str]:
    """Return what went wrong with a parser on `count` files, in a process of its own that may die of it."""
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        results = context.SimpleQueue()
        child = context.Process(target=_work, args=(name, count, seed, folder, results))
        child.start()
        last = (-1, "", [])
        heard = time.monotonic()
        while last[0] != count and child.is_alive() and time.monotonic() - heard < 6 * SECONDS_MAX:
            if results._reader.poll(0.05):  # type: ignore[attr-defined]
                last, heard = results.get(), time.monotonic()
        while results._reader.poll(0.0):  # type: ignore[attr-defined]
            last = results.get()
        if last[0] == count:
            child.join()
            return last[2]
        child.kill()
        child.join()
        return [*last[2], f"{name} {seed} {last[0]} ({last[1]}): ended by it, or hangs (exit code {child.exitcode})"]


if __name__ == "__main__":
    for parser in sys.argv[2:] or PARSERS:
        began = time.monotonic()
        found = fuzz(parser, int(sys.argv[1]))
        print(
            json.dumps({"parser": parser, "seconds": round(time.monotonic() - began, 1), "failures": found}), flush=True
        )
