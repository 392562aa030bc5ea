# SPDX-License-Identifier: Apache-2.0
"""One trial after the other: place, begin, run the launched graph, ask, write down; until decided, done or left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controllers.errors import VlaError
from vla_ros.commands.evaluation.episode_launch import EpisodeLaunch, stop_all
from vla_ros.commands.evaluation.trial.arguments import TrialEpisodes
from vla_ros.commands.evaluation.trial.asking import BEGIN, END, LEAVE, Answer, Person, Question
from vla_ros.commands.evaluation.trial.enabling import Enabling
from vla_ros.commands.evaluation.trial.placement import placement_lines
from vla_ros.evaluation.blind.course import Course, Turn
from vla_ros.evaluation.blind.key import BlindKey
from vla_ros.evaluation.blind.trials import Trial, Verdict, append_trial
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.judging import EXIT_UNJUDGED

POLL_S = 0.05
BROKEN_MAX = 3  # in a row: then the machine is at fault, and a person is to look


class Conductor:
    """Run what is left of a trial."""

    module = "vla_ros.cli"  # that runs `launch`

    def __init__(self, folder: Path, episodes: TrialEpisodes, key: BlindKey, trials: list[Trial], domain: int) -> None:
        """`trials` are those of before; what is run is added. `domain`: ROS domain of every episode."""
        self._folder, self.episodes, self._key, self._domain = folder, episodes, key, domain
        self.trials = trials

    @property
    def course(self) -> Course:
        """Return how far it is."""
        return Course(self.episodes.design, self._key, tuple(self.trials))

    def run(self, person: Person) -> bool:
        """Run until the end, or until it is decided; False when the person left before. Raises VlaError."""
        broken = 0
        while (turn := self.course.next()) is not None:
            trial = self._run(turn, person)
            if trial is None:
                return False
            append_trial(self._folder, trial)
            self.trials.append(trial)
            if trial.verdict is not Verdict.BROKEN:
                broken = 0
                continue
            broken += 1
            person.say(f"it broke and counts nowhere: {trial.reason}")
            if broken == BROKEN_MAX:
                raise VlaError(f"{BROKEN_MAX} episodes in a row broke ({trial.reason}): the same command goes on")
        return True

    def _run(self, turn: Turn, person: Person) -> Trial | None:
        """Run one episode and have it judged; None when the person leaves."""
        scene = self.episodes.scene(turn.seed)
        instruction = self.episodes.instruction or scene.instruction

        def question(state: str) -> Question:
            scenes = self.episodes.design.scenes
            lines = placement_lines(scene)
            return Question(turn.number, turn.scene + 1, scenes, turn.turn, instruction, lines, state, turn.seed)

        person.ask(question("begin"))
        if self._wait(person).word != BEGIN:
            return None
        directory = self._run_directory(turn.number)
        words = self.episodes.words(turn.policy, scene)
        launch = EpisodeLaunch(turn.seed, self._domain, directory, words, self.module)
        enabling = Enabling(self._domain)  # in the simulator the episode does it
        answer: Answer | None = None
        told = ""
        try:
            person.ask(question("running"))
            while not launch.ended:
                if answer is None and (answer := person.answer()) is not None:
                    enabling.close()  # who is asking control still would let the arm move while it comes to rest
                    launch.interrupt()
                if answer is None and not self.episodes.simulated and (said := enabling.poll()) not in ("", told):
                    told = said
                    person.say(said)
                time.sleep(POLL_S)
            wall_s = launch.wall_s
        finally:
            enabling.close()
            stop_all([launch])
        report = launch.report()
        reason = "" if answer is not None else _why_broken(report)
        if reason:
            answer = Answer(verdict=Verdict.BROKEN, reason=f"{reason}; see {directory}")
        elif answer is None or answer.word == END:
            person.ask(question("ended"))
            answer = self._wait(person)
        if answer.word == LEAVE:
            answer = Answer(verdict=Verdict.VOID, reason="left without a verdict")
            append_trial(self._folder, self._trial(turn, scene, instruction, answer, report, wall_s, directory))
            return None
        return self._trial(turn, scene, instruction, answer, report, wall_s, directory)

    def _wait(self, person: Person) -> Answer:
        while (answer := person.answer()) is None:
            time.sleep(POLL_S)
        return answer

    def _trial(
        self,
        turn: Turn,
        scene: Scene,
        instruction: str,
        answer: Answer,
        report: Mapping[str, Any],
        wall_s: float,
        directory: Path,
    ) -> Trial:
        judged = self.episodes.simulated and report.get("outcome") and report.get("exit_code") in (0, 1)
        return Trial(
            number=turn.number,
            seed=turn.seed,
            turn=turn.turn,
            verdict=answer.verdict or Verdict.VOID,
            reason=answer.reason,
            instruction=instruction,
            target=scene.target,
            category=scene.target_object.model.category if scene.target else scene.set_name,
            judge=bool(report["success"]) if judged else None,
            outcome=str(report.get("outcome") or ""),
            attempts=int(report.get("attempts") or 0),
            first_lifted=report.get("first_lifted"),
            episode_s=float(report.get("episode_s") or report.get("duration_s") or 0.0),
            wall_s=round(wall_s, 3),
            real_time_factor=report.get("real_time_factor"),
            real_time_factor_worst_s=report.get("real_time_factor_worst_s"),
            run_directory=str(directory),
            ended_at=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        )

    def _run_directory(self, number: int) -> Path:
        """Return a folder that does not exist: what a killed run left is kept."""
        name, again = f"trial_{number:04d}", 1
        path = self._folder / "runs" / name
        while path.exists():
            again += 1
            path = path.with_name(f"{name}-{again}")
        return path


def _why_broken(report: Mapping[str, Any]) -> str:
    """Say why a launch that nobody interrupted came to no end of its own; "" where it did."""
    if report.get("outcome") and report.get("exit_code") in (0, 1, EXIT_UNJUDGED):
        return ""
    return str(report.get("failure") or report.get("ended") or "it left no report")
