# SPDX-License-Identifier: Apache-2.0
"""The fuzzing of parsers: what counts as a finding, what is kept of it, and that it goes on where it was left."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import fuzz
from bench.parser_fuzzing import campaign as campaigns
from bench.parser_fuzzing import chunk_parsers, worker
from bench.parser_fuzzing.campaign import Campaign
from bench.parser_fuzzing.families import FAMILIES
from bench.parser_fuzzing.findings import again
from controllers.errors import ConfigError

FRAME = FAMILIES["frame"]


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    fuzz.add_arguments(parser)
    return parser.parse_args(words)


def test_a_run_counts_its_inputs_and_goes_on_where_it_was_left(tmp_path: Path, capsys) -> None:
    words = ("--only", "frame", "chunk", "--folder", str(tmp_path), "--json", str(tmp_path / "figures.json"))
    assert fuzz.run(arguments(*words, "--inputs", "30")) == 0
    assert fuzz.run(arguments(*words, "--inputs", "50")) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["frame_inputs"] == figures["chunk_inputs"] == 50
    assert figures["frame_inputs_per_s"] > 0.0
    assert figures["frame_findings"] == 0
    assert "a second" in capsys.readouterr().out
    before = Campaign(FRAME, 0, tmp_path)
    assert before.done == 50
    assert Campaign(FRAME, 1, tmp_path).done == 0  # another seed: other inputs


def test_families_run_at_once_and_none_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way, most = set(), []

    def noted(self: Campaign, numbers: range, until: float):
        under_way.add(self.family.name)
        most.append(len(under_way))
        yield from processed(self, numbers, until)
        under_way.discard(self.family.name)

    processed = Campaign._processed
    monkeypatch.setattr(Campaign, "_processed", noted)
    words = ("--only", "frame", "chunk", "json", "--folder", str(tmp_path), "--inputs", "40")
    for workers, at_once in (("2", 2), ("1", 1)):
        most.clear()
        assert fuzz.run(arguments(*words, "--seed", workers, "--workers", workers)) == 0
        assert max(most) == at_once
        done = [Campaign(FAMILIES[name], int(workers), tmp_path).done for name in ("frame", "chunk", "json")]
        assert done == [40] * 3
    with pytest.raises(ConfigError, match="--workers must be 1 or more, got 0"):
        fuzz.run(arguments(*words, "--workers", "0"))


def test_other_sound_inputs_begin_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Campaign(FRAME, 0, tmp_path).run(5)
    assert Campaign(FRAME, 0, tmp_path).done == 5
    monkeypatch.setattr(Campaign, "_digest", lambda self: "another")
    assert Campaign(FRAME, 0, tmp_path).done == 0


def test_inputs_follow_from_seed_and_number() -> None:
    originals = {path: path.read_bytes() for path in FRAME.inputs()}
    made = [worker.input_of(FRAME, 0, number, originals) for number in range(60)]
    assert made == [worker.input_of(FRAME, 0, number, originals) for number in range(60)]
    assert [content for _, content in made[: len(originals)]] == list(originals.values())
    assert len({content for _, content in made}) > 50
    assert worker.input_of(FRAME, 1, 30, originals) != made[30]


def _raises(path: Path) -> None:
    raise KeyError(path.name)


def _dies(path: Path) -> None:
    if path.read_bytes() not in [one.read_bytes() for one in FRAME.inputs()]:
        os.kill(os.getpid(), signal.SIGSEGV)


def _hangs(path: Path) -> None:
    if path.read_bytes() not in [one.read_bytes() for one in FRAME.inputs()]:
        time.sleep(1000.0)


def _eats(path: Path) -> None:
    if path.read_bytes() not in [one.read_bytes() for one in FRAME.inputs()]:
        bytearray(b"x") * (700 << 20)


def _swallows(path: Path) -> None:
    bytearray(4 << 30)


@pytest.mark.parametrize(
    ("parser", "said"),
    [(_raises, "KeyError"), (_dies, "exit code -11"), (_hangs, "hangs"), (_eats, " MB"), (_swallows, "MemoryError")],
)
def test_what_a_parser_must_not_do_is_found_and_kept(tmp_path: Path, monkeypatch, parser, said: str) -> None:
    monkeypatch.setattr(chunk_parsers, "frame", parser)
    if parser is _hangs:
        monkeypatch.setattr(campaigns, "SILENCE_MAX", 1.5)
    one = Campaign(FRAME, 0, tmp_path)
    one.run(7)
    assert one.done == 7
    assert one.kinds.total() >= 2
    assert said in one.failures[0]
    kept = sorted((tmp_path / "findings").glob("frame-0-*/finding.json"))
    assert kept
    told = (kept[0].parent / "traceback.txt").read_text()
    assert f"./vla bench fuzz --again {kept[0].parent}" in told
    if parser is _raises:
        assert "KeyError" in again(kept[0].parent)
        assert fuzz.run(arguments("--again", str(kept[0].parent))) == 1
        monkeypatch.undo()
        assert again(kept[0].parent) == ""


def test_wrong_words_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="family"):
        fuzz.run(arguments("--only", "mash"))
    with pytest.raises(ConfigError, match="--inputs"):
        fuzz.run(arguments("--inputs", "0"))
    (tmp_path / "frame-0.json").write_text("[]")
    with pytest.raises(ConfigError, match="delete it"):
        fuzz.run(arguments("--only", "frame", "--folder", str(tmp_path)))
    with pytest.raises(ConfigError, match="cannot be read"):
        fuzz.run(arguments("--again", str(tmp_path)))


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_the_figures_so_far(tmp_path: Path, ending: signal.Signals) -> None:
    file = tmp_path / "figures.json"
    command = [sys.executable, "-P", "-m", "vla_ros.cli", "bench", "fuzz", "--only", "chunk", "--folder", str(tmp_path)]
    process = subprocess.Popen([*command, "--json", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = tmp_path / "chunk-0.json"
    until = time.monotonic() + 60.0
    while not state.is_file() and time.monotonic() < until:
        time.sleep(0.1)
    process.send_signal(ending)
    assert process.wait(20.0) == 0
    done = json.loads(file.read_text())["chunk_inputs"]
    assert 0 < done < 1_000_000
    assert json.loads(state.read_text())["done"] == done
