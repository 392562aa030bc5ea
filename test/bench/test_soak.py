# SPDX-License-Identifier: Apache-2.0
"""`vla bench soak`: slopes and their intervals, what is sampled, torn bags; and a short shift with real kills."""

from __future__ import annotations

import argparse
import io
import json
import mmap
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from bench import soak
from bench.shift.bags import LostEnd, judge_bags
from bench.shift.jobs import JOBS
from bench.shift.report import BARS, problems
from bench.shift.sampling import Sampler, Series, disk_mib
from bench.shift.shift import Shift
from bench.shift.slopes import FLAT, GROWS, TOO_FEW, UNSURE, slope
from controllers.errors import ConfigError

KILLED_WRITER = """
import os, signal, sys, time
from pathlib import Path
from vla_ros.data.bags.message_definitions import MessageDefinition
from vla_ros.data.bags.writer import BagWriter
writer, now = BagWriter(Path(sys.argv[1])), int(sys.argv[2])
writer.add_topic("/number", MessageDefinition("std_msgs/msg/Int8", "int8 data\\n", ""))
for number in range(200):
    writer.write("/number", now + number * 10**7, now + number * 10**7, b"\\0\\1\\0\\0\\7")
time.sleep(writer.settings.chunk_s + 0.05)
writer.flush_old()
os.kill(os.getpid(), signal.SIGKILL)
"""


def series_of(growth: float, noise: float, minutes: float, levels: tuple[float, ...], seed: int = 0) -> Series:
    """Return samples every 10 s of lives at `levels` that grow by `growth` an hour."""
    random, found = np.random.default_rng(seed), Series()
    times = np.arange(0.0, 60.0 * minutes, 10.0)
    for time_s in times:
        life = int(time_s / (60.0 * minutes) * len(levels))
        found.add(time_s, levels[life] + growth * time_s / 3600.0 + noise * random.normal(), life)
    return found


def test_a_slope_is_that_of_every_life_whatever_level_each_begins_at():
    found = slope(series_of(30.0, 0.1, 60.0, (100.0, 180.0, 90.0)))
    assert found.lives == 3
    assert found.per_hour == pytest.approx(30.0, abs=1.0)
    assert found.low < 30.0 < found.high
    assert found.verdict(BARS["rss_mib"]) == GROWS


@pytest.mark.parametrize("minutes", [2.5, 30.0])
@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(minutes: float, correlation: float) -> None:
    held = []
    for seed in range(200):
        random, series = np.random.default_rng(seed), series_of(5.0, 0.0, minutes, (100.0,))
        drift = random.normal()
        for sample in range(len(series.values)):
            series.values[sample] += 2.0 * drift
            drift = correlation * drift + np.sqrt(1.0 - correlation**2) * random.normal()
        one = slope(series)
        held.append(one.low <= 5.0 <= one.high)
    assert (0.92 if correlation == 0.0 else 0.78) <= np.mean(held) <= 0.99


def test_what_is_flat_is_called_so_only_where_there_was_time_to_see_it():
    assert slope(series_of(0.0, 0.5, 60.0, (100.0,))).verdict(20.0) == FLAT
    assert slope(series_of(0.0, 5.0, 3.0, (100.0,))).verdict(20.0) == UNSURE
    assert slope(series_of(0.0, 0.5, 1.0, (100.0,))).verdict(20.0) == TOO_FEW
    assert slope(series_of(0.0, 0.0, 60.0, (100.0, 120.0))).verdict(20.0) == FLAT  # the same number all the time
    assert slope(series_of(-500.0, 0.5, 60.0, (100.0,))).verdict(20.0) == FLAT  # it shrinks


def test_a_leak_of_memory_and_of_handles_shows_in_what_is_sampled(tmp_path):
    sampler, kept, start = Sampler(), [], 0.0
    files = []
    for number in range(12):
        sampler.sample(start + 10.0 * number, {"me": os.getpid()}, 0.0)
        kept.append(mmap.mmap(-1, 1 << 21))  # 2 MiB of its own: what was freed before is not taken again
        kept[-1].write(bytes(1 << 21))
        files.append((tmp_path / f"{number}").open("w"))
    for file in files:
        file.close()
    rss = slope(sampler.series["rss_mib", "me"])
    assert rss.per_hour == pytest.approx(720.0, rel=0.3)
    assert rss.verdict(BARS["rss_mib"]) == GROWS
    handles = slope(sampler.series["handles", "me"])
    assert handles.per_hour == pytest.approx(360.0, rel=0.1)
    assert slope(sampler.series["threads", "me"]).per_hour == pytest.approx(0.0, abs=1.0)


def test_a_process_that_loads_and_one_that_is_gone_are_not_sampled():
    sampler = Sampler()
    sampler.sample(0.0, {"me": os.getpid(), "gone": 2**22 - 1}, 30.0)
    assert not sampler.series
    sampler.sample(31.0, {"me": os.getpid(), "gone": 2**22 - 1}, 30.0)
    assert {name for _, name in sampler.series} == {"me"}


def test_the_disk_counts_what_files_take(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(os.urandom(3 << 20))
    assert disk_mib(tmp_path) == pytest.approx(3.0, abs=0.1)


def test_a_torn_bag_is_repaired_and_what_is_missing_of_its_end_is_measured(tmp_path):
    now = time.time_ns()
    torn = subprocess.run(
        [sys.executable, "-c", KILLED_WRITER, str(tmp_path / "episode_000000"), str(now)], check=False
    )
    assert torn.returncode == -signal.SIGKILL
    end = (now + 199 * 10**7) * 1e-9
    (lost,) = judge_bags(tmp_path, [end - 1.0, end + 0.25, end + 60.0])
    assert (lost.messages, lost.problem) == (200, "")
    assert lost.lost_s == pytest.approx(0.25, abs=0.01)


class Seen:
    """What came of a shift in which one bag was torn."""

    kills, worked_s, ended, output, sampler = (), 60.0, "", "", Sampler()

    def __init__(self, lost_s: float) -> None:
        self.lost = [LostEnd("episode_000003", 10, lost_s)]


def test_a_bag_that_no_kill_has_torn_is_a_problem(tmp_path):
    assert problems(Seen(0.4)) == []
    assert problems(Seen(1.4)) == ["episode_000003: 1.40 s of its end are lost"]
    assert problems(Seen(float("nan"))) == ["episode_000003: is torn, and nobody killed the recorder then"]
    now = time.time_ns()
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(tmp_path / "episode_000000"), str(now)], check=False)
    (lost,) = judge_bags(tmp_path, [now * 1e-9 - 60.0])
    assert np.isnan(lost.lost_s)


def test_samples_that_a_kill_held_up_are_not_made_good_all_at_once(monkeypatch, tmp_path):
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    class Arm:
        under_way = True

        def spin_until(self, over, seconds):
            clock[0] += 0.2

    work = Shift.__new__(Shift)
    work.work, work.kills, work.worked_s, work.ended = JOBS["bin_picking"], [], 0.0, ""
    work.graph = SimpleNamespace(arm=Arm(), process=SimpleNamespace(poll=lambda: None), output="")
    work.output = "nothing yet"
    sampled = []
    monkeypatch.setattr(work, "_sample", sampled.append)

    def kill(at: float, console: Console) -> None:
        clock[0] += 75.0

    monkeypatch.setattr(work, "_kill", kill)
    work.run(300.0, 60.0, Console(file=io.StringIO()))
    assert len(sampled) >= 10
    assert np.diff(sampled).min() >= 10.0 - 1e-9


def test_what_may_be_killed_is_what_is_started_again():
    assert set(JOBS["bin_picking"].killable()) >= {"camera", "state", "policy", "control", "guard", "recorder"}
    assert "expert" in JOBS["bussing"].killable()
    for work in JOBS.values():
        assert not {"sim", "episode", "manager"} & set(work.killable())


@pytest.mark.parametrize("words", [["--minutes", "0"], ["--kill-every", "3"]])
def test_a_shift_that_cannot_be_is_refused_before_it_begins(words):
    parser = argparse.ArgumentParser()
    soak.add_arguments(parser)
    with pytest.raises(ConfigError, match=words[0]):
        soak.run(parser.parse_args(words))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_short_shift_goes_on_through_its_kills(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    soak.add_arguments(parser)
    file = tmp_path / "soak.json"
    words = ["--minutes", "2.5", "--kill-every", "30", "--seed", "1", "--json", str(file)]
    code = soak.run(parser.parse_args(words))
    told, figures = capfd.readouterr().out, json.loads(file.read_text())
    assert figures["kills"] >= 2, told
    assert figures["kills_failed"] == 0, told
    assert figures["lost_s_max"] <= 1.0
    assert code == 0 or "grows" in told, told  # so few minutes are short: what loads still seems to grow
