# SPDX-License-Identifier: Apache-2.0
"""Have the hands in the page perform a way (performer.js), and say how well they did."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from controllers.rotations import from_matrix
from headset.expert_way import ExpertWay
from headset.judged_robot import JudgedRobot
from headset.worn_headset import WornHeadset

SCRIPT = Path(__file__).with_name("performer.js")  # of the page
# [m] of a hand in ROS axes about where the operator stands: there it clutches.
RESTS = {"left": (0.35, 0.25, 1.2), "right": (0.35, -0.25, 1.2)}
FROZEN_S = 120.0  # [s] of wall time in which the way does not get on: it never will
LOOK_S = 0.1
# What an operator sees beside the page's own words: where the base is, the thing, and the thing in the tool that takes
# it. Returns how far the way is.
SEE = """([base, thing, held]) => {
  if (base) window.baseAt = base;
  window.thingAt = thing;
  window.heldAt = held;
  const { errors, ...told } = performed;
  return told;
}"""
SETTINGS = {
    "rests": RESTS,
    "pace": 0.7,  # seconds of the way in a second of the robot's
    "behind": [0.03, 0.25],  # [m], [rad] that a tool may be behind before the way waits
    "exact": [0.004, 0.03],  # [m], [rad] before fingers are told something
    "aheadS": 0.6,  # [s] of the way before a motion in which the hand clutches
    "idleS": 1.5,  # [s] of the way in which an arm rests: its hand lets go
    "seen": 0.1,  # share, by each frame, of how a thing is seen in the hand now
    "turnS": 1.5,  # of the way in which a thing that turned in the fingers is turned back
    "toldS": 0.4,  # for which an arm that rests is held on to after its fingers were told something
    "steadyS": 0.6,  # [s] after which what is still missing is seen and made up for
    "pressMs": 250,  # how long a hand lies open before it presses, and then waits for the arm's answer
    "patienceMs": 1000,  # that an arm does not follow a pressed clutch, after which it is pressed anew
}
# Of a base driven by sticks: by how much what is missing is made up for a second, what a push looks ahead [s], how near
# it must be at rest and on its way (x, y [m], yaw [rad]), and from where on the page feels a stick.
BASE = {"gain": 0.9, "stickS": 0.3, "there": [0.012, 0.012, 0.015], "behind": [0.06, 0.06, 0.06], "dead": 0.12,
        "least": 0.09}  # fmt: skip


class Performer:
    """Perform a way with both hands."""

    def __init__(self, worn: WornHeadset, robot: JudgedRobot, way: ExpertWay, sides: Mapping[str, str]) -> None:
        """`sides` is the hand of each arm."""
        self._worn, self._robot, self._way = worn, robot, way
        base = robot.embodiment.base
        arms = [{"arm": arm, "side": side} for arm, side in sides.items()]
        base_settings = None if base is None else {**BASE, "speed": list(base.speed)}
        self._settings = {**SETTINGS, "arms": arms, "base": base_settings}
        taking = way.taking({arm: robot.embodiment.gripper_on(arm).name for arm in sides})
        if taking is not None:
            self._settings["taking"] = asdict(taking)
        self._taker = "" if taking is None else taking.arm
        self.recoveries = 0  # times that the arm was stopped and let move again
        self.trace: list[dict[str, Any]] = []  # what was seen, look by look
        self.told: dict[str, Any] = {}  # by the page: how far it is, and what was made up for

    def perform(self, over: Callable[[], bool]) -> None:
        """Perform until the way is done or `over` says so. Raises AssertionError where there is no getting on."""
        page, robot = self._worn.operator.page, self._robot
        grips = {side: _pose(T) for side, T in self._worn.grips.items()}
        page.evaluate(
            "([way, grips, settings]) => perform(way, grips, settings)", [self._words(), grips, self._settings]
        )
        moved = time.monotonic()
        try:
            while not over():
                robot.spin(LOOK_S)
                before = self.told.get("now")
                at = _pose(robot.T_odom_base) if self._settings["base"] else None
                thing = robot.place_of(self._way.target)
                tool = robot.measured.get(self._taker)
                held = None if thing is None or tool is None else _pose(np.linalg.inv(tool) @ thing)
                self.told = page.evaluate(SEE, [at, None if thing is None else _pose(thing), held])
                self._note(thing)
                self.recoveries += self._worn.recover()
                if self.told["now"] != before:
                    moved = time.monotonic()
                if self.told["done"]:
                    return
                assert time.monotonic() - moved < FROZEN_S, self._why()
        finally:
            self.told = page.evaluate("() => { performed.stop = true; return performed; }")

    def figures(self) -> dict[str, Any]:
        """Return what was done, and how far each measured tool was from the way [mm] while its hand was followed."""
        found: dict[str, Any] = {"recoveries": self.recoveries}
        found |= {name: self.told.get(name) for name in ("now", "clutches", "corrections")}
        for arm, errors in self.told.get("errors", {}).items():
            if errors:
                off = 1e3 * np.array(errors)
                root = float(np.sqrt(np.mean(off**2)))
                found[f"error_mm/{arm}"] = {"rms": root, "median": float(np.median(off)), "most": float(off.max())}
        return found

    def _note(self, thing: np.ndarray | None) -> None:
        """Keep what is seen now, to find out later what went wrong."""
        robot = self._robot
        seen = {arm: T.tolist() for arm, T in robot.measured.items()}
        widths = {name: value for name, value in robot.progress.end_effectors.items() if name.endswith("/width")}
        self.trace.append(
            {"time": robot.time, "now": self.told["now"], "thing": None if thing is None else thing.tolist(),
             "measured": seen, "told": widths, "base": robot.T_odom_base[:3, 3].tolist()}
        )  # fmt: skip

    def _words(self) -> dict[str, Any]:
        """Return the way as the page takes it."""
        moments = []
        grippers = {arm["arm"]: self._robot.embodiment.gripper_on(arm["arm"]) for arm in self._settings["arms"]}
        for moment in self._way.moments:
            shut = {
                arm: float(np.clip(1.0 - moment.widths[gripper.name] / gripper.width_max, 0.0, 1.0))
                for arm, gripper in grippers.items()
            }
            tools = {arm: _pose(moment.tools[arm]) for arm in grippers}
            thing = None if moment.T_base_thing is None else _pose(moment.T_base_thing)
            moments.append({"tools": tools, "shut": shut, "base": _pose(moment.T_odom_base), "thing": thing})
        return {"period": self._way.period, "moments": moments}

    def _why(self) -> str:
        heard = self._worn.operator.page.evaluate("heard.state")
        return (
            f"the way does not get on at {self.told['now']:.1f} of {self._way.duration:.1f} s: the page says "
            f"{heard['arms']}, control {self._robot.progress.hold_reason}, {self._robot.complaints[-5:]}"
        )


def _pose(T: np.ndarray) -> dict[str, list[float]]:
    return {"p": T[:3, 3].tolist(), "q": list(from_matrix(T[:3, :3]))}
