# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys
import time

import numpy as np
import pytest

import controllers.realtime.loop
from controllers.errors import ConfigError
from controllers.realtime.loop import PacedLoop


def test_ticks_come_at_multiples_of_the_period():
    seen = []
    loop = PacedLoop(200.0, seen.append)
    began = time.monotonic()
    loop.run(0.5)
    report = loop.report()
    assert report.ticks + report.overruns >= 99
    assert (np.diff(seen) > 0.0).all()
    assert seen[0] - began >= 0.005
    # A deadline is never anticipated, and lateness does not add up.
    phases = (np.array(seen) - began) / 0.005
    assert (phases >= 1.0).all()
    assert len(seen) <= phases[-1] + 1


class Clock:
    """A clock of which a look takes 1 µs, and whose sleeps are late by `late` [s]."""

    def __init__(self, late):
        self.now, self.looks, self.late = 0.0, 0, late

    def monotonic(self):
        self.now += 1e-6
        self.looks += 1
        return self.now

    def sleep(self, seconds):
        self.now += seconds + self.late


def test_it_spins_as_long_as_sleeps_are_late_and_no_longer(monkeypatch):
    clock = Clock(late=20e-6)
    monkeypatch.setattr(controllers.realtime.loop, "time", clock)
    looks, late = [], []

    def tick(now):
        looks.append(clock.looks)
        late.append(loop.lateness)
        if len(late) == 2000:
            clock.late = 120e-6

    loop = PacedLoop(500.0, tick)
    loop.run(8.0)
    assert np.diff(looks)[0] > 150  # at first it knows nothing of the machine
    assert np.diff(looks)[1900:1990].max() < 25
    assert max(late[:2000] + late[2001:]) < 3e-6
    assert late[2000] < 120e-6  # one is late by what was new


def test_missed_deadlines_are_skipped_not_made_up_for():
    seen = []

    def slow(now):
        seen.append(now)
        if len(seen) == 5:
            time.sleep(0.05)

    loop = PacedLoop(200.0, slow)
    began = time.monotonic()
    loop.run(0.3)
    periods = (time.monotonic() - began) / loop.period
    assert loop.overruns >= 9
    assert np.diff(seen).max() >= 0.05
    assert len(seen) + loop.overruns <= periods + 1


@pytest.mark.parametrize("where", ["in a tick", "between ticks"])
def test_a_standstill_is_reported_as_lateness(where):
    standstill, late = 0.18, []

    def tick(now):
        late.append(loop.lateness)
        if len(late) == 20:
            if where == "in a tick":
                time.sleep(standstill)
            else:  # the process is stopped from outside, soon, while the loop waits
                command = f"kill -STOP {os.getpid()}; sleep {standstill}; kill -CONT {os.getpid()}"
                subprocess.Popen(["sh", "-c", f"sleep 0.01; {command}"], start_new_session=True)

    loop = PacedLoop(200.0, tick)
    loop.run(0.6)
    assert standstill - 0.02 < max(late)
    assert loop.report().lateness_max_ms == pytest.approx(1e3 * max(late))
    assert sorted(late)[-2] < 0.1  # said once


def test_stops_from_inside_and_lets_errors_out():
    loop = PacedLoop(500.0, lambda now: loop.stop())
    loop.run(5.0)
    assert loop.ticks == 1

    def fail(now):
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        PacedLoop(500.0, fail).run(1.0)


def test_report_before_the_first_tick_is_empty():
    assert PacedLoop(100.0, lambda now: None).report().ticks == 0


@pytest.mark.parametrize("rate", [0.0, -5.0, 1e9, float("nan")])
def test_absurd_rates_are_refused(rate):
    with pytest.raises(ConfigError, match="loop rate"):
        PacedLoop(rate, lambda now: None)


def test_real_time_is_asked_for_and_refusals_are_told():
    # In a process of its own: the scheduling class and the frozen collector would outlive the test.
    code = (
        "import gc; from controllers.realtime.loop import prefer_real_time; w = prefer_real_time(); "
        "assert isinstance(w, tuple) and all(isinstance(x, str) for x in w); assert not gc.isenabled()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    "freeze", ["controllers.realtime.loop.prefer_real_time", "vla_ros.nodes.scheduling.prefer_punctuality"]
)
def test_what_was_frozen_is_freed_at_the_end(freeze):
    pytest.importorskip("ompl")  # one of those that count what is left then, and complain
    code = (
        f"from ompl import geometric; import gc, {freeze.rpartition('.')[0]}; {freeze}(); assert gc.get_freeze_count()"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    assert done.stderr == ""
