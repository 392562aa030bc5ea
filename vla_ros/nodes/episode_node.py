# SPDX-License-Identifier: Apache-2.0
"""Run the task once: wait for everybody, enable control, say the instruction, judge, home the arm, report."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from vla_ros.data.bags import marks
from vla_ros.nodes.arm.putting_back import put_back
from vla_ros.nodes.arm.way_home import HOME_TOLERANCE, ControlRefused, WayHome
from vla_ros.nodes.episode.film import Film
from vla_ros.nodes.episode.motion_events import MotionEvents
from vla_ros.nodes.episode.patience import Patience
from vla_ros.nodes.episode.shift import Shift
from vla_ros.nodes.episode.topics import EpisodeNode
from vla_ros.nodes.memory import give_memory_back
from vla_ros.nodes.scheduling import yield_processor
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node
from vla_ros.nodes.transport import Transport
from vla_ros.output_file import write_output
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.tasks.judging import EXIT_UNJUDGED, Judge, Outcome
from vla_ros.tasks.sentences import numbered

NICENESS = 5  # the film is encoded here: nobody waits for it
TOLD_EVERY_S = 3.0  # [s] while something is missing
CONTROL_SILENCE_MAX_S = 1.0


class EpisodeRun:
    """One run of a task: the order of things."""

    def __init__(self, node: EpisodeNode, spinner: Spinner, before: Sequence[bool] = ()) -> None:
        """Run one on `node`, after others that have succeeded or not."""
        self._node, self._spinner, self._before = node, spinner, tuple(before)
        self._way_home = WayHome(node, spinner)
        self._judge: Judge | None = None
        self._first_motion: float | None = None  # [s] since the command was given
        self._motion_events = MotionEvents()
        self._patience = Patience()
        self._started = time.time() if before else float(os.environ.get("VLA_STARTED_AT", time.time()))
        self._began = self._ended = (0.0, 0.0)  # wall (monotonic), simulated [s]
        self._failure = ""
        self._instruction = ""
        self._target: str | None = None  # name of the object that counts, where it is one alone
        self._places: dict[str, np.ndarray] = {}  # where each object was at the start (3,) [m]

    def run(self) -> int:
        """Return 0 for a success, 3 when nobody can say whether it is one, 1 otherwise."""
        node = self._node
        try:
            if self._wait_until_ready():
                self._way_home.call_enable(True)
                self._judge = self._begin()
                try:
                    self._watch(self._judge)
                finally:
                    self._mark_end(self._judge)
                node.publish_instruction("")
                self._put_back(self._judge)
                self._go_home()
        except ControlRefused as error:
            self._failure = str(error)
        finally:
            self._finish()
        if self._judge is not None and self._judge.unjudged:
            return EXIT_UNJUDGED
        return 0 if self._judge is not None and self._judge.success else 1

    # -- before ------------------------------------------------------------------------------------------------------
    def _wait_until_ready(self) -> bool:
        node = self._node
        begun = told = time.monotonic()
        while missing := node.missing():
            now = time.monotonic()
            if self._spinner.stop:
                self._failure = "interrupted"
                return False
            if now - begun > node.ready_timeout:
                self._failure = f"not ready after {node.ready_timeout:g} s: {', '.join(missing)}"
                return False
            if now - told > TOLD_EVERY_S:
                told = now
                _say(f"waiting for {', '.join(missing)}")
            self._spinner.once(0.05)
        if node.unfit:
            self._failure = f"the recording would serve nothing: {node.unfit}"
        return not node.unfit

    def _begin(self) -> Judge:
        node, scene = self._node, self._node.scene
        objects = [SceneObject.read(values) for values in scene["objects"]]
        self._instruction = node.asked or scene["instruction"]
        judge = node.task.judge(scene, node.embodiment, node.truth(), node.limits, node.asked, node.success_object)
        self._instruction = judge.instruction or self._instruction
        self._target = judge.target
        _say(f"scene {scene['set']} {scene['seed']}: {', '.join(item.description for item in objects)}")
        _say(f"instruction: {numbered(judge.sentences, self._instruction)}")
        node.film = Film(node.directory / "video.mp4", node.film_rate)
        node.factors.clear()
        self._began = (time.monotonic(), node.time)
        node.mark(
            marks.BEGIN,
            {
                marks.EPISODE: f"{scene['set']} {scene['seed']}",
                marks.INSTRUCTION: self._instruction,
                "target": self._target or "",
            },
        )
        node.publish_instruction(self._instruction)
        self._places = node.truth().positions
        return judge

    # -- during ------------------------------------------------------------------------------------------------------
    def _watch(self, judge: Judge) -> None:
        node = self._node
        while not judge.finished:
            self._spinner.once()
            if self._spinner.stop:
                judge.stop("interrupted", Outcome.RUNNING)
            self._watch_control(judge)
            if node.time != judge.time:
                progress = node.progress
                judge.update(node.truth())
                if over := self._patience.over(node.time, progress.status, progress.refused):
                    judge.give_up(over)
            for event in judge.take_events():
                self._log(event)
            if judge.instruction not in ("", self._instruction) and not judge.finished:
                self._instruction = judge.instruction
                self._log(f"instruction: {numbered(judge.sentences, self._instruction)}")
                node.publish_instruction(self._instruction)
        if judge.success:
            self._log(f"success: {judge.success_text}")
        else:
            self._log(f"{'not judged' if judge.unjudged else 'no success'}: {judge.reason}")

    def _mark_end(self, judge: Judge) -> None:
        result = {
            marks.EPISODE: f"{self._node.scene['set']} {self._node.scene['seed']}",
            marks.INSTRUCTION: self._instruction,
            marks.OUTCOME: judge.outcome.value,
            marks.FAILURE: judge.reason,
            "attempts": str(judge.attempts),
        } | {name: str(value) for name, value in judge.figures().items()}
        if not judge.unjudged:
            result[marks.SUCCESS] = str(judge.success).lower()
        self._node.mark(marks.END, result)

    def _watch_control(self, judge: Judge) -> None:
        node, progress = self._node, self._node.progress
        if node.silence > CONTROL_SILENCE_MAX_S:
            judge.stop(f"control has been silent for {node.silence:.1f} s")
        elif silent := node.silent():
            judge.stop(silent)
        elif ended := node.recording_ended:
            judge.stop(f"recorder: {ended}")
        event = self._motion_events.update(
            progress, np.stack(list(node.commanded.values())) if node.commanded else None
        )
        if event:
            self._log(event)
        if self._motion_events.moved and self._first_motion is None:
            self._first_motion = time.time() - self._started
        if progress.estop or (self._first_motion is not None and not progress.enabled):
            judge.stop(f"the arm was stopped ({progress.hold_reason})")

    def _log(self, text: str) -> None:
        _say(f"t={self._node.time - self._began[1]:5.1f} s  {text}")

    # -- after -------------------------------------------------------------------------------------------------------
    @property
    def _may_move(self) -> bool:
        progress = self._node.progress
        silent = self._node.silence > CONTROL_SILENCE_MAX_S
        return not (self._spinner.stop or silent or progress.estop) and progress.enabled

    def _put_back(self, judge: Judge) -> None:
        """Put what is surely not meant back where it stood."""
        name = judge.wrong_in_hand
        if name is None or not self._may_move:
            return
        self._log(f"putting the {judge.description(name)} back")
        try:
            put_back(self._node, self._way_home, self._displacement(name))
            away = float(np.linalg.norm(self._displacement(name)))
            self._log(f"the {judge.description(name)} is {100.0 * away:.0f} cm from where it stood")
        except ControlRefused as error:
            self._log(f"not put back: {error}")

    def _displacement(self, name: str) -> np.ndarray:
        """Return how far an object is from where it stood (3,) [m], along the base's axes as they are now."""
        moved = self._node.truth().positions[name] - self._places[name]
        return self._node.T_odom_base[:3, :3].T @ moved

    def _go_home(self) -> None:
        if not self._may_move:
            return
        if self._first_motion is not None:  # an arm that was not to move stays where it is
            self._log("going home")
            try:
                away = self._way_home.go()
                self._log("home" if away < HOME_TOLERANCE else f"stopped {away:.2f} rad from home")
            except ControlRefused as error:
                self._log(f"not home: {error}")
        self._way_home.call_enable(False)

    def _finish(self) -> None:
        node = self._node
        self._ended = (time.monotonic(), node.time)
        if node.film is not None:
            node.film.close()
            if node.film.problem:
                _say(f"no film: {node.film.problem}")
            node.film = None  # pictures of what is between two episodes are not kept for it
        result = self._result()
        text = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
        write_output("", node.directory / "result.json", text)
        if node.report:
            write_output("report:=", node.report, text)
        if self._judge is None:
            _say(f"no success: {self._failure}")
            return
        if "VLA_STARTED_AT" in os.environ:  # our launcher shows the figures, with those of the processes
            return
        for name in ("success", "attempts", "progress", "first_lifted", "episode_s", "real_time_factor",
                     "real_time_factor_worst_s", "time_to_first_motion_s", "failure"):  # fmt: skip
            if result[name] not in (None, ""):
                _say(f"  {name.replace('_', ' '):<26} {result[name]}")

    def _result(self) -> dict[str, Any]:
        node, judge = self._node, self._judge
        result: dict[str, Any] = {
            "success": None if judge and judge.unjudged else judge is not None and judge.success,
            "attempts": judge.attempts if judge else 0,
            "outcome": judge.outcome.value if judge and judge.outcome != Outcome.RUNNING else None,
            "failure": judge.reason if judge else self._failure,
            "time_to_first_motion_s": _rounded(self._first_motion),
            "real_time_factor": None,
            "real_time_factor_worst_s": _rounded(min(node.factors[1:], default=None)),
            "duration_s": _rounded(time.time() - self._started),
        }
        if node.episodes != 1:
            done = [*self._before, bool(result["success"])]
            result |= {"episodes": len(done), "successes": sum(done)}
        if judge is None:
            return result
        wall, simulated = (end - begin for begin, end in zip(self._began, self._ended, strict=True))
        result["real_time_factor"] = _rounded(simulated / max(wall, 1e-3))
        return (
            result
            | {
                "instruction": self._instruction,
                "set": node.scene["set"],
                "seed": node.scene["seed"],
                "target": self._target,
                "episode_s": _rounded(judge.elapsed),
                "first_lifted": judge.first_lifted,
                "progress": _rounded(judge.progress),
                "cause": judge.cause(judge.reason),
                "parts_done": judge.parts[0],
                "parts": judge.parts[1],
            }
            | ({"sentences": [one.values() for one in judge.sentences]} if judge.sentences else {})
            | judge.figures()
        )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _say(text: str) -> None:
    print(text, flush=True)


def run_shift(node: EpisodeNode, spinner: Spinner) -> int:
    """Run episodes until there were enough, the job is stopped or the next cannot begin; 0 when all succeeded."""
    shift, done = Shift(node, spinner), list[bool]()
    while True:
        done.append(EpisodeRun(node, spinner, done).run() == 0)
        _say(f"episode {len(done)}: {'success' if done[-1] else 'no success'}, {sum(done)} of {len(done)} so far")
        if spinner.stop or len(done) == node.episodes:
            return 0 if all(done) else 1
        give_memory_back()
        if problem := shift.prepare(node.seed + len(done)):
            _say(f"no further episode: {problem}")
            return 1


def serve(stop: StopRequest) -> int:
    """Run the episode, or one after the other."""
    node = EpisodeNode()
    yield_processor(NICENESS)
    spinner = Spinner(node, stop)
    return EpisodeRun(node, spinner).run() if node.episodes == 1 else run_shift(node, spinner)


def main() -> int:
    """Run the node."""
    return run_node("episode", serve, Transport.IMAGES_IN)


if __name__ == "__main__":
    raise SystemExit(main())
