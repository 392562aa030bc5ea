# SPDX-License-Identifier: Apache-2.0
"""Small files that mean gigabytes or minutes: each is refused in one line, in seconds, with little memory."""

from __future__ import annotations

import multiprocessing
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from assets import CORPUS
from bags.bag_making import STRING, Sent, string, write_bag

from bench.parser_fuzzing.limits import bounded, limit_memory
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.bags.repair import repair
from vla_ros.data.bags.writer import BagSettings
from vla_ros.data.datasets.metadata import read_table
from vla_ros.encoded_images import ImageError, read_image
from vla_ros.objects.mesh_file import read_mesh
from vla_ros.robots.urdf import expand_xacro

GIGABYTES = 3_100_000_000


def within_bounds(parse: Callable[[Path], Any], path: Path) -> str:
    """Return what a parser said of a file, in a process that has 1 GB for it. Fails when it is no line of its own."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(False)

    def work() -> None:
        said = []

        def told(path: Path) -> None:
            try:
                parse(path)
            except Exception as error:
                said.append(str(error))
                raise

        limit_memory()
        sending.send((bounded(told, path), said))

    child = context.Process(target=work)
    child.start()
    assert receiving.poll(60.0), "no end"
    failure, said = receiving.recv()
    child.join()
    assert not failure, failure
    assert said, "was taken as sound"
    return said[0]


def zeros(count: int) -> bytes:
    """Return a zstd frame of so many zeros, made without them."""
    compressor = zstandard.ZstdCompressor(level=1).compressobj(size=count)
    piece, parts = bytes(1 << 20), []
    for start in range(0, count, len(piece)):
        parts.append(compressor.compress(piece[: count - start]))
    return b"".join(parts) + compressor.flush()


def bag_of(chunk: bytes, size: int, folder: Path) -> Path:
    """Return a bag whose chunk is replaced by one that says to be `size` bytes; the index moves along."""
    sent = [Sent("/words", STRING, 10**18, string("x"))]
    bag = write_bag(folder / "bag", sent, BagSettings(compression="zstd"))
    file = next(bag.glob("*.mcap"))
    data = file.read_bytes()
    with BagReader(bag) as reader:
        (index,) = reader._readers[0].summary.chunk_indexes
        start, times = index.chunk_start_offset, (index.message_start_time, index.message_end_time)
    end = start + index.chunk_length
    content = struct.pack("<QQQII", *times, size, 0, 4) + b"zstd" + struct.pack("<Q", len(chunk)) + chunk
    record = b"\x06" + struct.pack("<Q", len(content)) + content
    moved = len(record) - (end - start)
    rest = data[end:]
    footer = rest.rfind(b"\x02" + struct.pack("<Q", 20))
    summary, offsets = struct.unpack_from("<QQ", rest, footer + 9)
    rest = rest[: footer + 9] + struct.pack("<QQI", summary + moved, offsets + moved, 0) + rest[footer + 29 :]
    file.write_bytes(data[:start] + record + rest)
    return bag


def read_all(path: Path) -> None:
    with BagReader(path) as bag:
        list(bag.messages())


@pytest.mark.parametrize(("size", "reason"), [(GIGABYTES, "3100 MB, allowed are"), (1000, "content says 3100000000")])
def test_a_chunk_that_expands_to_gigabytes(tmp_path: Path, size: int, reason: str) -> None:
    chunk = zeros(GIGABYTES)
    assert len(chunk) < 400_000
    bag = bag_of(chunk, size, tmp_path)
    assert reason in within_bounds(read_all, bag)
    assert "no whole message" in within_bounds(repair, bag)


def test_a_chunk_of_nothing_but_tiny_records(tmp_path: Path) -> None:
    data = b"\x80" + bytes(8)
    chunk = zstandard.compress(data * 10_000_000)
    assert "more than 2000000 records" in within_bounds(read_all, bag_of(chunk, 90_000_000, tmp_path))


def test_lengths_of_a_bag_that_are_not_there(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "bag", [Sent("/words", STRING, 10**18, string("x"))], None, {"note": "of the recorder"})
    (bag / "metadata.yaml").unlink()
    file = next(bag.glob("*.mcap"))
    data = file.read_bytes()
    with BagReader(bag) as reader:
        index = reader._readers[0].summary.metadata_indexes[0]
    at = index.offset
    # The record says that it is a terabyte, and a sparse file has room for it.
    file.write_bytes(data[: at + 1] + struct.pack("<Q", 1 << 40) + data[at + 9 :])
    assert "1099511627776 bytes" in within_bounds(lambda path: _custom_data(path), bag)
    with file.open("r+b") as stream:
        stream.truncate(1 << 40)
    assert "truncated or damaged" in within_bounds(read_all, bag)


def _custom_data(path: Path) -> None:
    with BagReader(path) as bag:
        assert bag.custom_data


def test_metadata_with_more_custom_data_than_a_note(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / "bag", [Sent("/words", STRING, 10**18, string("x"))])
    file = bag / "metadata.yaml"
    file.write_text(file.read_text().replace("custom_data:", f"custom_data: {{a: '{'x' * (5 << 20)}'}}\n  other:"))
    assert "larger than the 4 MB" in within_bounds(read_all, bag)


def many_scans(count: int, side: int) -> bytes:
    """Return a progressive JPEG whose last scan is there `count` times."""
    flat = np.full((side, side, 3), 90, np.uint8)
    data = cv2.imencode(".jpg", flat, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    last = data.rfind(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def test_a_picture_that_is_passed_over_a_thousand_times(tmp_path: Path) -> None:
    picture = tmp_path / "scans.jpg"
    picture.write_bytes(many_scans(1000, 256))
    assert "scans over 256 x 256 pixels" in within_bounds(_decode, picture)
    picture.write_bytes(many_scans(1, 256))
    _decode(picture)  # as cameras and browsers write them


def png(*parts: tuple[bytes, bytes], width: int = 32, height: int = 24) -> bytes:
    """Return a PNG of these chunks behind its header."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), *parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(c)) + kind + c + struct.pack(">I", zlib.crc32(kind + c)) for kind, c in chunks
    )


PIXELS = (b"IDAT", zlib.compress(bytes(24 * (1 + 3 * 32))))


def test_a_picture_of_four_billion_pixels(tmp_path: Path) -> None:
    picture = tmp_path / "huge.png"
    picture.write_bytes(png(PIXELS, (b"IEND", b""), width=65535, height=65535))
    assert "65535 x 65535 pixels" in within_bounds(_decode, picture)
    data = bytearray((CORPUS / "image/baseline.jpg").read_bytes())
    at = data.find(b"\xff\xc0")
    data[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    (tmp_path / "huge.jpg").write_bytes(data)
    assert "65535 x 65535 pixels" in within_bounds(_decode, tmp_path / "huge.jpg")


def test_a_picture_whose_parts_announce_what_is_not_there(tmp_path: Path) -> None:
    sound = png(PIXELS, (b"IEND", b""))
    picture = tmp_path / "part.png"
    picture.write_bytes(sound)
    _decode(picture)
    at = sound.find(b"IDAT") - 4
    torn = [sound[:at] + struct.pack(">I", 1 << 30) + sound[at + 4 :], sound[:-12], png(PIXELS, PIXELS)[:-6]]
    for data in (*torn, png((b"IHDR", bytes(13)), PIXELS, (b"IEND", b""))):
        picture.write_bytes(data)
        assert "torn or damaged" in within_bounds(_decode, picture)
    picture.write_bytes(png((b"acTL", struct.pack(">II", 1 << 30, 0)), PIXELS, (b"IEND", b"")))
    assert "is an animation" in within_bounds(_decode, picture)
    picture.write_bytes(png(*[(b"tEXt", b"")] * 100_000, PIXELS, (b"IEND", b"")))
    assert "more than 100000 chunks" in within_bounds(_decode, picture)


def test_other_formats_of_pictures_are_not_decoded(tmp_path: Path) -> None:
    for ending in (".tiff", ".webp", ".bmp"):
        path = tmp_path / f"x{ending}"
        cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
        with pytest.raises(ImageError, match="neither JPEG nor PNG"):
            _decode(path)


def _decode(path: Path) -> None:
    read_image(path, cv2.IMREAD_COLOR)


def test_a_column_of_one_value_a_billion_times(tmp_path: Path) -> None:
    path, table = tmp_path / "long.parquet", pa.table({"done": pa.array(np.zeros(4_000_000, bool))})
    with pq.ParquetWriter(path, table.schema, compression="zstd") as out:
        for _ in range(60):
            out.write_table(table)
    assert path.stat().st_size < 1_000_000
    assert "240000000 values" in within_bounds(read_table, path)


XACRO = '<robot xmlns:xacro="http://www.ros.org/wiki/xacro" name="x">'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><robot name="x">&b;</robot>', "DOCTYPE"),
        (XACRO + '<xacro:macro name="a"><xacro:a/></xacro:macro><xacro:a/></robot>', "xacro failed"),
        (XACRO + '<xacro:include filename="bomb.xacro"/></robot>', "xacro failed"),
        ("<a>" * 100_000, "xacro failed"),
        ("<a>" * 5000 + "</a>" * 5000, "xacro failed"),
        ("<robot name='x'>" + "".join(f"<link name='l{i}'/>" for i in range(2000)) + "</robot>", "2000 links"),
        (f'<robot name="x"><link name="{"x" * (5 << 20)}"/></robot>', "larger than the 4 MB"),
        (XACRO + "<link name=\"${'x' * 5000000}\"/></robot>", "characters, allowed are"),
        (XACRO + '<link name="${1 / 0}"/></robot>', "xacro failed"),
        ('<robot name="x"><link/></robot>', "without a name"),
    ],
)
def test_descriptions_of_robots(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "bomb.xacro"
    path.write_text(text)
    assert reason in within_bounds(expand_xacro, path)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf " + b"1 2 3 " * 1_000_000, "2999998 triangles"),
        ("a.obj", b"v 0 0 0\n" + b"f 1 1 1\n" * 300_000, "300000 triangles"),
        ("a.stl", bytes(80) + struct.pack("<I", 2**32 - 1) + bytes(50), "unreadable"),
        ("a.msh", struct.pack("<4i", 2**31 - 1, 0, 0, 2**31 - 1), "its header tells of"),
    ],
)
def test_meshes_that_say_they_are_huge(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert reason in within_bounds(read_mesh, path)


@pytest.mark.parametrize(
    "words",
    [
        ("convert", "bag", "out", "--contract", "bomb.yaml"),
        ("objects", "check", "objects"),
        ("dataset", "info", "dataset"),
        ("bag", "info", "bag"),
    ],
)
def test_a_command_ends_with_one_line_and_code_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1]\n"
    for i in range(1, 9):
        bomb += f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n"
    for folder in ("objects", "dataset/meta", "bag"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("bomb.yaml", "objects/x.yaml", "bag/metadata.yaml"):
        (tmp_path / name).write_text(bomb)
    (tmp_path / "dataset/meta/info.json").write_text('{"a":' * 50_000)
    command = [sys.executable, "-P", "-m", "vla_ros.cli", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    lines = done.stderr.strip().splitlines() or done.stdout.strip().splitlines()
    assert done.returncode in (1, 2) if words[0] == "objects" else done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert any("values, aliases included" in line or "nested more than 50" in line for line in lines), lines
