# SPDX-License-Identifier: Apache-2.0
"""An emulated headset in a real browser moves a two-armed robot: an episode recorded, scored, converted, replayed.

They take minutes of two cores, and run only where `VLA_HEADSET_FOLDER=DIR` says where to keep what is made:
collection, dataset, figures (docs/teleop.md). `VLA_HEADSET_SEED=N` chooses another scene.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from headset.expert_way import expert_way
from headset.judged_robot import JudgedRobot
from headset.performer import SCRIPT, Performer
from headset.worn_headset import LISTEN, SMALL, WornHeadset
from pages.operator_page import eventually
from rig.teleop_job import TeleopJob
from vla_command import vla

KEPT = os.environ.get("VLA_HEADSET_FOLDER", "")
SEED = os.environ.get("VLA_HEADSET_SEED", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not KEPT, reason="VLA_HEADSET_FOLDER names no folder: minutes on two cores of its own"),
]
READY_S = 120.0
LIE_S = 3.0  # [s] of the robot's time after the hands are done in which the judge may still see it
SIDES = {"left": "left", "right": "right"}
SLOWLY = "real_time_factor:=0.2"  # the browser draws without a graphics card, beside the simulator that does
DRIVEN = 0.2  # [m] that an episode of a base goes at least
LOOKED_DOWN = 0.75  # [rad] by the operator, who looks at a table


@pytest.fixture
def folder() -> Path:
    Path(KEPT).mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="run_", dir=KEPT))


@pytest.fixture
def perform(folder, visit, headset):
    """Return what performs an episode, and gives its figures once it is judged a success and saved."""
    begun: list[TeleopJob | JudgedRobot] = []

    def perform(robot: str, task: str, set_name: str, seed: int, word: str = "") -> dict[str, Any]:
        way = expert_way(robot, task, set_name, seed, word)
        scene = (f"robot:={robot}", f"task:={task}", f"set:={set_name}", f"seed:={seed}",
                 f"instruction:={way.instruction}")  # fmt: skip
        collected = (f"collection:={folder / 'collected'}", "record_images:=jpeg", "idle_timeout:=300")
        (folder / "job").mkdir()
        job = TeleopJob(folder / "job", *scene, *collected, SLOWLY)
        begun.append(job)
        judged = JudgedRobot(job.domain, robot, task)
        begun.append(judged)
        link = job.wait_for_link()
        assert judged.spin_until(lambda: judged.ready, READY_S), job.output
        worn = WornHeadset(visit(link, scripts=(LISTEN, SCRIPT, *headset), **SMALL).seated())
        enabled = lambda: worn.operator.page.evaluate("heard.state && heard.state.enabled")  # noqa: E731
        eventually(lambda: worn.operator.page.evaluate("heard.state") is not None)
        worn.operator.page.keyboard.press("o")
        eventually(enabled, job.output)
        worn.put_on()
        worn.look_down(LOOKED_DOWN)
        worn.tap("right", "a-button")
        worn.until_recording(True)
        judge, performer = judged.begin(way.instruction), Performer(worn, judged, way, SIDES)
        began, began_wall = judged.time, time.monotonic()
        try:
            performer.perform(lambda: judge.finished)
            done_at = judged.time
            judged.spin_until(lambda: judge.finished or judged.time > done_at + LIE_S, READY_S)
        finally:
            figures = {
                "robot": robot, "task": task, "set": set_name, "seed": seed, "instruction": way.instruction,
                "outcome": judge.outcome.value, "reason": judge.reason, "events": judged.events, **judge.figures(),
                "way_s": way.duration, "episode_s": judged.time - began, "wall_s": time.monotonic() - began_wall,
                "driven_m": judged.driven, **performer.figures(),
                "pause_ms": dict(zip(("median", "p99", "most"), worn.pauses(), strict=True)),
                "notes": sorted(set(worn.notes())), "complaints": sorted(set(judged.complaints)),
            }  # fmt: skip
            text = json.dumps(figures, indent=1, default=float)
            (folder / "performed.json").write_text(text)
            (folder / "trace.json").write_text(json.dumps(performer.trace))
            print(text)
        assert judge.success, judge.reason
        worn.tap("right", "a-button")
        worn.until_recording(False)
        assert judged.spin_until(lambda: "episode_000000 is whole" in job.output, READY_S), job.output
        job.interrupt()
        assert job.finish() == 130, job.output
        return figures

    yield perform
    for one in reversed(begun):
        one.close()


def check_use(folder: Path, done: dict[str, Any], contract: str) -> None:
    """Score, convert, check and replay the one episode of a collection, a success again."""
    scored = vla(folder, "bag", "check", "collected", "--contract", contract)
    score = re.search(r"success\b.*: score (\d+)", scored)
    assert score, scored
    assert int(score[1]) >= 50, scored
    vla(folder, "convert", "collected", "dataset", "--contract", contract, "--workers", 1)
    checked = vla(folder, "dataset", "check", "dataset")
    assert "dataset: ok" in checked, checked
    bag = folder / "collected" / "episodes" / "episode_000000"
    scene = (f"{key}:={done[key]}" for key in ("robot", "task", "set", "seed", "instruction"))
    vla(folder, "launch", "replay", *scene, f"source:={bag}", f"report:={folder / 'replayed.json'}", codes=(0, 1))
    replayed = json.loads((folder / "replayed.json").read_text())
    print(json.dumps(replayed, indent=1))
    assert replayed["outcome"] == "success", replayed


def test_a_headset_hands_over(perform, folder):
    done = perform("agilex", "handover", "basic", int(SEED or 501))
    assert {done["giver"], done["taker"]} == {"left", "right"}
    assert done["clutches"] >= 2
    check_use(folder, done, "agilex_table")


def test_a_headset_drives_and_puts_a_thing_into_the_bin(perform, folder):
    done = perform("bytemini", "bussing", "step_by_step", int(SEED or 501), "bin")
    assert done["things_right"] == 1
    assert done["driven_m"] > DRIVEN
    check_use(folder, done, "bytemini_table")
