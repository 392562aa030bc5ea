# SPDX-License-Identifier: Apache-2.0
"""JSON and YAML from outside: whatever stands in a file, reading it takes a second and ends in one line."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from vla_ros.documents import DEPTH_MAX, DocumentError, parse_json, parse_yaml, read_json, read_yaml

NINE = ",".join
ALIASES = "a0: &a0 [1,1,1,1,1,1,1,1,1]\n" + "".join(f"a{i}: &a{i} [{NINE([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))
MERGES = "a0: &a0 {x: 1, y: 2}\n" + "".join(f"a{i}: &a{i}\n  <<: [{NINE([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))


def refusal(parse, text) -> str:
    began = time.process_time()  # of this process: a machine may be busy with others
    with pytest.raises(DocumentError) as error:
        parse(text, "file.x")
    assert time.process_time() - began < 5.0
    assert str(error.value).startswith("file.x")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ALIASES, "more than 200000 values, aliases included"),  # 396 bytes, 387 million values
        (MERGES, "more than 200000 values"),
        ("[" + "[]," * 300_000 + "]", "more than 200000 values"),
        ("[" * 100_000, "nested more than 50 deep"),
        ("- " * 100_000, "nested more than 50 deep"),
        ("a: &a [*a]", r"\*a names nothing that is whole"),
        ("a: *b", "undefined alias|names nothing"),
        ("a: !!binary gA==", "write the value without a tag"),
        ("a: !!python/object/apply:os.system [ls]", "write the value without a tag"),
        ("a: !!timestamp x", "write the value without a tag"),
        ("a: 2024-13-45", "month must be in"),
        ("a: " + "1" * 5000, "5000 digits"),
        ("a: 0x" + "f" * 5000, "20000 bits: 64 at most"),
        ("a: 1" + ":1" * 1_000_000, "characters without quotes"),
        ("a: 1" + ":1" * 4000 + ".5", "not valid YAML"),
        ("a: 0x_", "not valid YAML"),
        ("a: =", "not valid YAML, line 1"),
        ("a: 1\n---\nb: 2", "not valid YAML, line 2"),
        ("a: \0", "not valid YAML"),
        ("? [a]\n: 1", "not valid YAML, line 1"),
        ("x" * (5 << 20), "larger than the 4 MB"),
    ],
)
def test_yaml_is_bounded(text: str, reason: str) -> None:
    assert re.search(reason, refusal(parse_yaml, text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 1_000_000, "nested more than 50 deep"),
        ('{"a":' * 100_000, "nested more than 50 deep"),
        ("[" * 900 + "]" * 900, "nested more than 50 deep"),  # Python reads it, and fails when it writes it
        ("1" * 5000, "5000 digits"),
        ("1" * 400, "64 at most"),  # no float is so large
        ('{"\\ud800": 1}', "half a character"),
        ('"\\udfff"', "half a character"),
        (b"\xff\xfe", "not valid JSON"),
        (b"\x80abc", "not valid JSON"),
        ("", "not valid JSON"),
    ],
)
def test_json_is_bounded(text: str | bytes, reason: str) -> None:
    assert reason in refusal(parse_json, text)


def test_what_is_sound_is_read() -> None:
    deep = "[" * DEPTH_MAX + "]" * DEPTH_MAX
    assert parse_json(deep, "") == parse_yaml(deep, "")
    assert parse_yaml("a: &x {b: [1, 2.5, null, true, 9223372036854775807]}\nc: *x\nd: {<<: *x, e: ü}", "") == {
        "a": {"b": [1, 2.5, None, True, 2**63 - 1]},
        "c": {"b": [1, 2.5, None, True, 2**63 - 1]},
        "d": {"b": [1, 2.5, None, True, 2**63 - 1], "e": "ü"},
    }
    assert parse_yaml("", "") is None


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="larger than the 16 MB"):
        read_json(Path("/dev/zero"))
    sparse = tmp_path / "sparse.yaml"
    with sparse.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DocumentError, match="larger than the 4 MB"):
        read_yaml(sparse)
    with pytest.raises(DocumentError, match="cannot be read"):
        read_json(tmp_path)


def test_nothing_else_parses_json_or_yaml(root: Path) -> None:
    """What this project has written itself a moment ago (`json.loads(json.dumps(…))`) is no file of others.

    `frames.py` runs in an environment of others' as well, without our packages, and bounds what it reads itself.
    """
    parses = re.compile(r"\b(json\.loads?|yaml\.(safe_)?load|yaml\.parse)\(")
    own = re.compile(r"json\.loads\((json\.dumps|contract_text)\(")
    found = [
        f"{path.relative_to(root)}: {line.strip()}"
        for path in (root / "vla_ros").rglob("*.py")
        if path not in (root / "vla_ros/documents.py", root / "vla_ros/runtime/frames.py")
        for line in path.read_text().splitlines()
        if parses.search(line) and not own.search(line)
    ]
    assert found == []
