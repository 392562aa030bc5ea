# SPDX-License-Identifier: Apache-2.0
"""A robot of no inertia in the server's own process: what a page tells it, it does, and can be queried.

The page's tests use it where ROS adds nothing but time; test_page_over_dds.py has the real node and simulator.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from controllers.errors import VlaError
from vla_ros.teleop.announcements import (
    ArmDescription,
    ArmStatus,
    CameraDescription,
    CameraState,
    LinkState,
    RobotDescription,
    State,
    ToolPose,
)  # fmt: skip
from vla_ros.teleop.axes import robot_pose
from vla_ros.teleop.protocol import Hands

SILENCE_S = 0.3


class SmallRobot:
    """`arms` arms named after their hands; cameras by name. Implements vla_ros.teleop.robot.Robot."""

    def __init__(self, arms: tuple[str, ...] = ("right",), cameras: tuple[str, ...] = (), base: bool = False) -> None:
        self.arms, self.cameras, self.base = arms, cameras, base
        self.enabled, self.stopped, self.source, self.policy = False, False, "", False
        self.held, self.refused = "", ""  # a fault since which it is to be enabled again; why no hand is followed
        self.hold_reason, self.instruction, self.speed, self.scale = "", "", 1.0, 1.0
        self.p = {arm: [0.45, 0.0, 0.3] for arm in arms}  # [m] robot's base
        self.gripper = dict.fromkeys(arms, 0.08)
        self.force: dict[str, tuple[float, ...] | None] = dict.fromkeys(arms)
        self.received: list[Hands] = []
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self.refuse: dict[str, str] = {}  # command → why it cannot be
        self.shown_at: dict[int, float] = {}
        self.watched = False
        self._latched: dict[str, tuple[list[float], list[float]]] = {}
        self._heard = -SILENCE_S
        self.lock = threading.Lock()

    def describe(self) -> tuple[RobotDescription, tuple[CameraDescription, ...]]:
        arms = tuple(ArmDescription(f"{arm}_arm" if len(self.arms) > 1 else "panda", arm, 0.08) for arm in self.arms)
        cameras = tuple(CameraDescription(name, 640, 480, "wrist" in name) for name in self.cameras)
        return RobotDescription("Franka Panda", arms, self.base, self.base, False), cameras

    def watch_over(self) -> None:
        pass  # its own

    def state(self) -> State:
        enabled = self.enabled and not self.held
        mode = "disabled" if not enabled else self.source or "hold"
        silent = time.monotonic() - self._heard > SILENCE_S
        clutched = {arm: arm in self._latched and not silent for arm in self.arms}
        if mode == "teleop" and not any(clutched.values()):
            mode = "hold"
        arms = {
            description.name: ArmStatus(
                ToolPose(tuple(self.p[arm]), (1.0, 0.0, 0.0, 0.0)), ToolPose(tuple(self.p[arm]), (1.0, 0.0, 0.0, 0.0)),
                self.gripper[arm], self.gripper[arm], self.force[arm], clutched[arm], self.refused,
            )
            for arm, description in zip(self.arms, self.describe()[0].arms, strict=True)
        }  # fmt: skip
        now = time.monotonic()
        cameras = tuple(
            CameraState(10.0 if i in self.shown_at else 0.0, 1e3 * (now - self.shown_at.get(i, now - 9.0)))
            for i in range(len(self.cameras))
        )
        reason = (self.hold_reason or "no clutch is held") if mode == "hold" else ""
        return State(
            now, mode, enabled, self.stopped, False, reason, self.instruction, self.speed, self.scale, arms,
            LinkState(6.4, 8.1), cameras, self.policy, self.held,
        )  # fmt: skip

    def hands(self, hands: Hands, arrival: float) -> None:
        with self.lock:
            self.received = [*self.received[-2000:], hands]
        self._heard = time.monotonic()
        for arm in self._latched.keys() - hands.hands.keys():
            del self._latched[arm]
        for arm, sample in hands.hands.items():
            if not (sample.clutch and self.enabled and not (self.stopped or self.held) and arm in self.p):
                self._latched.pop(arm, None)
                continue
            place = list(robot_pose(sample.position, sample.orientation).position)
            hand0, tool0 = self._latched.setdefault(arm, (place, list(self.p[arm])))
            self.p[arm] = [t + self.scale * (p - h) for t, p, h in zip(tool0, place, hand0, strict=True)]
            self.gripper[arm] = (1.0 - sample.gripper) * 0.08
            self.source = "teleop"

    def let_go(self, reason: str) -> None:
        self._latched.clear()
        self.hold_reason = reason

    def emergency_stop(self, on: bool) -> None:
        self.commands.append(("estop", {"on": on}))
        self.stopped = on
        if on:
            self.enabled = False
            self.let_go("e-stop")

    async def command(self, name: str, arguments: Mapping[str, Any]) -> Any:
        self.commands.append((name, dict(arguments)))
        if name in self.refuse:
            raise VlaError(self.refuse[name])
        if name == "enable" and self.stopped:
            raise VlaError("the e-stop is latched: release it first")
        if name in ("enable", "disable"):
            self.enabled, self.held = name == "enable", ""
            self.source = ""
        elif name in ("take", "give", "hold"):
            self.source = {"take": "teleop", "give": "policy", "hold": ""}[name]
        elif name == "instruct":
            self.instruction = arguments["text"]
        elif name == "speed":
            self.speed = arguments["scale"]
        elif name == "scale":
            self.scale = arguments["scale"]
        return None

    def watch(self, watched: bool) -> None:
        self.watched = watched


class SmallCollection:
    """A collection in memory. Implements vla_ros.teleop.collection.Collection."""

    def __init__(self, snapshot: dict[str, Any] | None = None, files: Path | None = None) -> None:
        self.content: dict[str, Any] = {
            "name": "cups", "recording": False, "episode": "", "elapsed_s": 0.0, "counts": [], "done": 0, "wanted": 0,
            "episodes": [], "trash": 0, "undo": "",
            "prompt": {"title": "pick up: red mug", "action": "pick up", "object": "red mug", "background": "wood",
                       "position": "left", "text": "Pick the red mug up."},
        } | (snapshot or {})  # fmt: skip
        self.calls: list[str] = []
        self._files, self._began, self._made, self._trash = files, 0.0, 0, None
        self._changed: Callable[[], None] = lambda: None
        self.on_event: Callable[[str, str], None] = lambda level, text: None

    def snapshot(self) -> Mapping[str, Any]:
        elapsed = time.monotonic() - self._began if self.content["recording"] else 0.0
        return self.content | {"elapsed_s": elapsed}

    def on_change(self, callback: Callable[[], None]) -> None:
        self._changed = callback

    def on_note(self, callback: Callable[[str, str], None]) -> None:
        self.on_event = callback

    @property
    def recording(self) -> str:
        return self.content["episode"]

    async def episode_abandon(self, reason: str) -> Any:
        self.on_event("warning", f"{self.content['episode']} has ended by itself: {reason}")
        self._set("abandon", recording=False, episode="")

    def _set(self, call: str, **values: Any) -> None:
        self.calls.append(call)
        self.content |= values
        self._changed()

    async def episode_start(self, operator: str) -> Any:
        if self.content["recording"]:
            raise VlaError("an episode is being recorded: stop it first")
        self._began = time.monotonic()
        self._set("start", recording=True, episode=f"episode_{self._made:06d}")

    async def episode_stop(self, success: bool, note: str) -> Any:
        if not self.content["recording"]:
            raise VlaError("nothing is being recorded")
        name = self.content["episode"]
        self._made += 1
        episode = {
            "name": name, "instruction": self.content["prompt"]["title"], "success": success,
            "duration_s": time.monotonic() - self._began, "quality": None, "marks": [],
            "thumbnail": f"/episodes/{name}/thumbnail.jpg", "video": f"/episodes/{name}/video.mp4",
        }  # fmt: skip
        self._set(
            "success" if success else "failure",
            recording=False, episode="", episodes=[*self.content["episodes"], episode], undo=f"stop {name}",
        )  # fmt: skip

    async def episode_redo(self) -> Any:
        self._set("redo", recording=False, episode="")

    async def episode_delete(self, name: str) -> Any:
        gone = [episode for episode in self.content["episodes"] if episode["name"] == name]
        if not gone:
            raise VlaError(f"there is no episode {name}")
        self._trash = gone[0]
        rest = [episode for episode in self.content["episodes"] if episode["name"] != name]
        self._set("delete", episodes=rest, trash=self.content["trash"] + 1, undo=f"delete {name}")

    async def undo(self) -> Any:
        if self._trash is None:
            raise VlaError("there is nothing to undo")
        episodes = sorted([*self.content["episodes"], self._trash], key=lambda episode: episode["name"])
        self._trash = None
        self._set("undo", episodes=episodes, trash=self.content["trash"] - 1, undo="")

    async def schedule_skip(self) -> Any:
        self._set("skip")

    async def schedule_again(self) -> Any:
        self._set("again")

    def file(self, episode: str, name: str) -> Path | None:
        return None if self._files is None else self._files / name

    async def close(self) -> None:
        await asyncio.sleep(0)
