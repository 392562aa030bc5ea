# SPDX-License-Identifier: Apache-2.0
"""Where episodes are recorded: marks, words and scenes of a collection over ROS."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node
from std_msgs.msg import String

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.data.bags import marks
from vla_ros.nodes.bridge.arm_feed import ArmFeed
from vla_ros.nodes.bridge.operated_robot import OperatedRobot
from vla_ros.nodes.bridge.recorder_watch import RecorderWatch
from vla_ros.nodes.sim.scene_choice import announced_choice, announced_scene
from vla_ros.nodes.sim.scene_client import SceneClient
from vla_ros.robots.embodiment import Embodiment
from vla_ros.teleop.scheduling.prompt import SceneInstruction

SCENE_WITHIN_S = 60.0
READY_WITHIN_S = 60.0  # a simulator may still be starting
POLL_EVERY_S = 0.1
REST_WITHIN_S = 3.0
SEEN_AFTER_S = 0.3  # [s] of simulated time, which jumps ahead by more with a new scene


class EpisodeStation:
    """Implement `vla_ros.teleop.episodes.station.Station`. Everything runs in the server's thread."""

    def __init__(self, node: Node, embodiment: Embodiment, robot: OperatedRobot, feed: ArmFeed) -> None:
        self._node, self._robot, self._feed = node, robot, feed
        self._marks = node.create_publisher(DiagnosticStatus, marks.TOPIC, qos.MARKS)
        cameras = [f"cameras/{name}/color/image_raw" for name in embodiment.cameras]
        self._recorder = RecorderWatch(node, ["joint_states", "control/progress", *cameras])
        self._scenes = SceneClient(node)
        self._announced = ""  # the newest sim/scene
        node.create_subscription(String, "sim/scene", self._on_scene, qos.LATCHED)
        self._tasks: set[asyncio.Task[None]] = set()

    def mark(self, word: str, values: Mapping[str, str]) -> None:
        """Publish a mark on episode/marks with these values and the time."""
        stamped = {marks.STAMP: f"{self._node.get_clock().now().nanoseconds * 1e-9:.6f}", **values}
        self._marks.publish(messages.diagnostic(marks.NAME, messages.OK, word, stamped))

    def instruct(self, text: str) -> None:
        """Say what is to be done."""
        self._robot.instruct(text)

    def instruction(self) -> str:
        """Return what is to be done now."""
        return self._feed.instruction

    def recorder_problem(self) -> str:
        """Say why an episode would not be recorded now."""
        return self._recorder.problem

    def hold(self, reason: str) -> None:
        """Have the arm hold: what it does is not recorded any more."""
        task = asyncio.get_running_loop().create_task(self._hold(reason))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hold(self, reason: str) -> None:
        try:
            await self._robot.command("hold", {})
        except VlaError as error:
            self._robot.note("error", f"the arm cannot be held ({error}), and {reason}")

    def _on_scene(self, message: String) -> None:
        self._announced = message.data

    async def show(self, scene: Mapping[str, str | int]) -> SceneInstruction:
        """Have the simulator show a scene and return its words.

        The arm is disabled meanwhile, and enabled again if it followed.
        An arm that a fault or an e-stop holds stays disabled: going on is the operator's decision.
        """
        await _until(lambda: self._scenes.ready, READY_WITHIN_S)
        follows = self._feed.progress.follows and not self._feed.silent
        if self._feed.progress.enabled and not self._feed.silent:
            await self._robot.command("disable", {})
            await _until(lambda: not self._feed.progress.enabled, REST_WITHIN_S)
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[str] = loop.create_future()

        def settle(problem: str) -> None:
            if not answered.done():
                answered.set_result(problem)

        # The executor's thread hears the answer.
        self._scenes.change(scene, lambda problem: loop.call_soon_threadsafe(settle, problem))
        try:
            problem = await asyncio.wait_for(answered, SCENE_WITHIN_S)
        except TimeoutError:
            problem = f"the simulator does not answer within {SCENE_WITHIN_S:g} s"
        if problem:
            raise VlaError(problem)
        # Control must have seen the arm in the new scene: it would take over the pose of the old one.
        answered_at = self._feed.progress.stamp
        await _until(lambda: self._feed.progress.stamp > answered_at + SEEN_AFTER_S, READY_WITHIN_S)
        if follows and not self._feed.progress.estop:
            await self._robot.command("enable", {})
            await _until(lambda: self._feed.progress.enabled, REST_WITHIN_S)
        await _until(lambda: self._announces(scene), READY_WITHIN_S)
        if not self._announces(scene):
            return SceneInstruction()
        said = announced_scene(self._announced)
        return SceneInstruction(said["instruction"], tuple(said["prompts"]))

    def _announces(self, scene: Mapping[str, str | int]) -> bool:
        choice = announced_choice(self._announced)
        return choice is not None and scene.items() <= choice.words.items()


async def _until(done: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        await asyncio.sleep(POLL_EVERY_S)
