# SPDX-License-Identifier: Apache-2.0
"""Episode after episode on one graph, each in the next scene: what follows one, and what it takes to begin the next.

The rule: an episode enables control when it begins, as the only one of a job does, and disables it when it ends. So
after a node's death the next episode begins once everybody speaks again. Where the e-stop is latched, and after
control's own death it is, nothing begins before a person has released it (`vla recover`). Where a fault keeps control
from going on, or somebody else has disabled it, the shift is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from vla_ros.nodes.arm.way_home import ControlRefused, WayHome
from vla_ros.nodes.episode.topics import EpisodeNode
from vla_ros.nodes.sim.scene_choice import announced_choice
from vla_ros.nodes.sim.scene_client import SceneClient
from vla_ros.nodes.spinning import Spinner

BACK_WITHIN_S = 120.0  # [s] until a node that died speaks again, which may have weights to load
SCENE_WITHIN_S = 60.0  # [s] of a scene's building
SEEN_AFTER_S = 0.1  # [s] of control's time in the new scene, until the pose it would take over is the new one
DISABLED_WITHIN_S = 10.0  # [s] of bringing the arm to rest, in slow simulated time
TOLD_EVERY_S = 10.0


class Shift:
    """What is between two episodes."""

    def __init__(self, node: EpisodeNode, spinner: Spinner) -> None:
        self._node, self._spinner = node, spinner
        self._way_home = WayHome(node, spinner)
        self._scenes = SceneClient(node)

    def prepare(self, seed: int) -> str:
        """Have everybody back, control disabled and the scene `seed` shown; return why that cannot be, or ""."""
        end = time.monotonic() + BACK_WITHIN_S
        while True:
            if problem := self._everybody_back() or self._released():
                return problem
            try:
                self._disable()
            except ControlRefused as error:  # it may have died just now
                if self._spinner.stop or time.monotonic() > end:
                    return str(error)
            else:
                return self._show(seed) or self._everybody_back()  # who builds a large scene is silent meanwhile

    def _disable(self) -> None:
        if self._node.progress.enabled:
            self._way_home.call_enable(False)
            self._way_home.spin_until(lambda: not self._node.progress.enabled, DISABLED_WITHIN_S)

    def _everybody_back(self) -> str:
        node = self._node
        if not self._wait(node.absent, BACK_WITHIN_S):
            return "interrupted" if self._spinner.stop else f"not back after {BACK_WITHIN_S:g} s: {node.absent()}"
        return ""

    def _released(self) -> str:
        """Wait, for as long as it takes, until a person has released the e-stop."""
        node = self._node
        held = node.progress.held
        if held and not node.progress.estop:
            return f"control holds: {held}"
        if not self._wait(lambda: "a person: the e-stop is latched (vla recover)" if node.progress.estop else ""):
            return "interrupted"
        return ""

    def _show(self, seed: int) -> str:
        node, answers = self._node, list[str]()
        node.forget_scene()
        self._scenes.change({"seed": seed}, answers.append)
        if not self._way_home.spin_until(lambda: bool(answers), SCENE_WITHIN_S):
            return "interrupted" if self._spinner.stop else f"no scene from the simulator within {SCENE_WITHIN_S:g} s"
        if answers[0]:
            return answers[0]
        answered = node.progress.stamp

        def shown() -> bool:
            choice = announced_choice(node.announced)
            here = choice is not None and choice.words["seed"] == seed
            return here and node.progress.stamp > answered + SEEN_AFTER_S

        if not self._way_home.spin_until(shown, SCENE_WITHIN_S):
            return "interrupted" if self._spinner.stop else f"scene {seed} is not shown within {SCENE_WITHIN_S:g} s"
        return ""

    def _wait(self, missing: Callable[[], str], seconds: float = float("inf")) -> bool:
        """Spin until nothing is missing, and say now and then what is; False where it stays away."""
        began = told = time.monotonic()
        while what := missing():
            now = time.monotonic()
            if self._spinner.stop or now - began > seconds:
                return False
            if now - told > TOLD_EVERY_S:
                told = now
                print(f"waiting for {what}", flush=True)
            self._spinner.once(0.05)
        return True
