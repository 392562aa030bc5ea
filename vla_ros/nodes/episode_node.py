# SPDX-License-Identifier: Apache-2.0
"""Run the task once: wait for everybody, enable control, say the instruction, judge, home the arm, report."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseArray, PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from controllers.chunk import ActionChunk
from controllers.errors import ConfigError
from vla_ros import messages, qos
from vla_ros.configuration import load_config, share_directory
from vla_ros.nodes.control_progress import ControlProgress, control_progress
from vla_ros.nodes.episode_judge import EpisodeJudge, SceneObject, objects_named
from vla_ros.nodes.film import Film
from vla_ros.nodes.homing import home_chunk, raise_chunk
from vla_ros.nodes.parameters import declare, declare_robot
from vla_ros.nodes.scheduling import yield_processor
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node
from vla_ros.nodes.synchronizer import Synchronizer
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.task import GraspTaskConfig

NICENESS = 5
TOLD_EVERY_S = 3.0  # [s] while something is missing
CONTROL_SILENCE_MAX_S = 1.0
RAISE_BY, RAISE_BELOW = 0.15, 0.35  # [m] the tool goes up by this before it goes home, when it is lower than that
HOME_TOLERANCE = 0.05  # [rad]


class EpisodeNode(Node):
    """What the episode hears and says; the order of things is Episode's."""

    def __init__(self) -> None:
        super().__init__("episode_node")
        self.embodiment = load_embodiment(declare_robot(self))
        declare(self, "set", "basic", "kind of scene; the simulator says which it really is")
        declare(self, "seed", 0, "number of the scene; the simulator says which it really is", 0, 2**31 - 1)
        self.asked = declare(self, "instruction", "", "what to grasp, in words; empty: the scene's own target").strip()
        self.report = declare(self, "report", "", "file for the result as JSON, beside the one in the run folder")
        directory = declare(self, "run_directory", "", "folder for result and film; empty: runs/<time>_episode")
        limit = declare(self, "time_limit_s", 60.0, "simulated time the episode may take [s]", 1.0, 3600.0)
        attempts = declare(self, "attempts", 3, "how often the gripper may close", 1, 100)
        self.ready_timeout = declare(
            self, "ready_timeout_s", 60.0, "how long to wait for the other nodes [s]", 1.0, 600.0
        )
        task = load_config(share_directory() / "config" / "tasks" / "grasp.yaml", GraspTaskConfig)
        self.task = dataclasses.replace(task, time_limit_s=limit, attempts=attempts)
        self.directory = Path(directory or f"runs/{time.strftime('%Y%m%d-%H%M%S')}_episode")
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"run folder {self.directory}: cannot be made ({error.strerror})") from None
        self.scene: dict[str, Any] | None = None
        self.truth: tuple[float, np.ndarray] | None = None  # stamp [s], heights (objects,) [m]
        self.progress: ControlProgress | None = None
        self.progress_arrival = 0.0  # [s] monotonic
        self.joints: messages.JointSample | None = None
        self.T_commanded: np.ndarray | None = None
        self.factors: list[float] = []  # real-time factor, second by second
        self.film: Film | None = None
        self._frames: dict[str, float] = {}  # stamp of each camera's last image
        arm = self.embodiment.arms[0]
        self._reader = messages.JointStateReader(arm.joints)
        streams = list(self.embodiment.cameras)
        self._synchronizer = Synchronizer(streams, streams[0], 0.02)
        self.instruction = self.create_publisher(String, "instruction", qos.LATCHED)
        self._planner = self.create_publisher(JointTrajectory, "planner/action_chunk", qos.EVENTS)
        self.enable = self.create_client(SetBool, "control/enable")
        self.create_subscription(String, "sim/scene", self._on_scene, qos.LATCHED)
        self.create_subscription(PoseArray, "sim/object_poses", self._on_truth, qos.NEWEST)
        self.create_subscription(DiagnosticStatus, "control/progress", self._on_progress, qos.NEWEST)
        self.create_subscription(PoseStamped, "control/commanded_pose", self._on_commanded_pose, qos.NEWEST)
        self.create_subscription(DiagnosticArray, "diagnostics", self._on_diagnostics, qos.EVENTS)
        for camera in streams:
            topic = f"cameras/{camera}/color/image_raw"
            self.create_subscription(
                Image, topic, lambda m, camera=camera: self._on_image(camera, m), qos.IMAGES_NEWEST
            )

    # -- what arrives ------------------------------------------------------------------------------------------------
    def _on_scene(self, message: String) -> None:
        self.scene = json.loads(message.data)

    def _on_truth(self, message: PoseArray) -> None:
        heights = np.array([pose.position.z for pose in message.poses])
        self.truth = (messages.seconds(message.header.stamp), heights)

    def _on_progress(self, message: DiagnosticStatus) -> None:
        self.progress = control_progress(message.message, messages.diagnostic_values(message))
        self.progress_arrival = time.monotonic()

    def _on_commanded_pose(self, message: PoseStamped) -> None:
        self.T_commanded = messages.transform(message.pose)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == "sim":
                self.factors.append(float(messages.diagnostic_values(status)["real_time_factor"]))

    def _on_image(self, camera: str, message: Image) -> None:
        stamp = messages.seconds(message.header.stamp)
        self._frames[camera] = stamp
        if self.film is not None:
            complete = self._synchronizer.add(camera, stamp, message)
            if complete is not None:
                self.film.add([messages.color_array(image) for image in complete[1].values()])

    # -- what is asked and said ----------------------------------------------------------------------------------------
    def missing(self) -> list[str]:
        """Name the nodes that are not ready, and the topic that says so."""
        arm = self.embodiment.arms[0].name
        wanted = {
            "sim (sim/scene, sim/object_poses)": self.scene is not None and self.truth is not None,
            "state": self.count_publishers(f"{arm}/ee_pose") > 0,
            "policy (policy/action_chunk)": self.count_publishers("policy/action_chunk") > 0,
            "control (control/progress)": self.progress is not None and self.enable.service_is_ready(),
            "guard (estop)": self.count_publishers("estop") > 0,
        }
        for camera in self.embodiment.cameras:
            wanted[f"camera {camera} (cameras/{camera}/color/image_raw)"] = camera in self._frames
        return [name for name, there in wanted.items() if not there]

    def heights(self) -> dict[str, float]:
        """Return each object's height [m]."""
        names = [item["name"] for item in self.scene["objects"]]
        return dict(zip(names, self.truth[1].tolist(), strict=True))

    def measure_joints(self) -> None:
        """Begin to listen to joint states: needed only at the end, and 500 messages a second are not free."""
        self.create_subscription(JointState, "joint_states", self._on_joint_state, qos.NEWEST)

    def _on_joint_state(self, message: JointState) -> None:
        self.joints = self._reader.read(message) or self.joints

    def plan(self, chunk: ActionChunk) -> None:
        """Send a chunk as the planner."""
        self._planner.publish(messages.chunk_message(chunk))


class Episode:
    """The order of things."""

    def __init__(self, node: EpisodeNode, spinner: Spinner) -> None:
        self._node, self._spinner = node, spinner
        self._judge: EpisodeJudge | None = None
        self._first_motion: float | None = None  # [s] since the command was given
        self._hold_reason = ""
        self._started = float(os.environ.get("VLA_STARTED_AT", time.time()))
        self._began = (0.0, 0.0)  # wall (monotonic), simulated [s]
        self._sequence = 0
        self._failure = ""

    def run(self) -> int:
        """Return 0 for a success, 1 otherwise."""
        node = self._node
        try:
            if self._wait_until_ready() and self._begin():
                self._watch()
                node.instruction.publish(String(data=""))
                self._go_home()
        finally:
            self._finish()
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
        return True

    def _begin(self) -> bool:
        node = self._node
        scene = node.scene
        objects = [SceneObject(i["name"], i["category"], i["color"], tuple(i["words"])) for i in scene["objects"]]
        instruction = node.asked or scene["instruction"]
        if node.asked:
            named = objects_named(instruction, objects)
        else:
            named = tuple(item for item in objects if item.name == scene["target"])
        _say(f"scene {scene['set']} {scene['seed']}: {', '.join(item.description for item in objects)}")
        _say(f"instruction: {instruction}")
        if not self._call_enable(True):
            return False
        node.film = Film(node.directory / "video.mp4", 10.0)
        stamp, width = node.truth[0], node.embodiment.grippers[0].width_max
        self._judge = EpisodeJudge(named, objects, node.heights(), stamp, width, node.task)
        self._began = (time.monotonic(), stamp)
        node.factors.clear()
        node.instruction.publish(String(data=instruction))
        self._instruction = instruction
        return True

    def _call_enable(self, wanted: bool) -> bool:
        future = self._node.enable.call_async(SetBool.Request(data=wanted))
        if not self._spin_until(future.done, 3.0):
            self._failure = "interrupted" if self._spinner.stop else "control does not answer control/enable"
            return False
        response = future.result()
        if not response.success:
            self._failure = f"control cannot be enabled: {response.message}"
        return response.success

    # -- during ------------------------------------------------------------------------------------------------------
    def _watch(self) -> None:
        node, judge = self._node, self._judge
        seen = None
        while not judge.finished:
            self._spinner.once()
            if self._spinner.stop:
                judge.stop("interrupted")
            self._watch_control()
            if node.truth is not seen:
                seen = node.truth
                progress = node.progress
                judge.update(seen[0], node.heights(), progress.gripper_width, progress.status, progress.refused)
            for event in judge.take_events():
                self._tell(event)
        if judge.success:
            self._tell(f"success: lifted {judge.target_text} by {100.0 * judge.lifted_max:.0f} cm and held it")
        else:
            self._tell(f"no success: {judge.reason}")

    def _watch_control(self) -> None:
        node, judge = self._node, self._judge
        progress = node.progress
        silence = time.monotonic() - node.progress_arrival
        if silence > CONTROL_SILENCE_MAX_S:
            judge.stop(f"control has been silent for {silence:.1f} s")
        if progress.moving and self._first_motion is None:
            self._first_motion = time.time() - self._started
            self._tell("the arm follows its first chunk")
        if progress.estop or (self._first_motion is not None and not progress.enabled):
            judge.stop(f"the arm was stopped ({progress.hold_reason})")
        if progress.hold_reason != self._hold_reason:
            self._hold_reason = progress.hold_reason
            if self._hold_reason not in ("", "no chunk yet", "disabled"):
                self._tell(f"the arm holds: {self._hold_reason}")

    def _tell(self, text: str) -> None:
        _say(f"t={self._node.truth[0] - self._began[1]:5.1f} s  {text}")

    # -- after -------------------------------------------------------------------------------------------------------
    def _go_home(self) -> None:
        node, arm = self._node, self._node.embodiment.arms[0]
        progress = node.progress
        silent = time.monotonic() - node.progress_arrival > CONTROL_SILENCE_MAX_S
        if self._spinner.stop or silent or progress.estop or not progress.enabled:
            return
        if self._first_motion is None:  # an arm that was not to move stays where it is
            self._call_enable(False)
            return
        self._tell("going home")
        node.measure_joints()
        T = node.T_commanded
        if T is not None and T[2, 3] < RAISE_BELOW:
            self._execute(lambda stamp: raise_chunk(
                stamp, node.embodiment.base_frame, arm.name, T, RAISE_BY, self._sequence))  # fmt: skip
        if self._spin_until(lambda: node.joints is not None, 1.0):
            self._execute(lambda stamp: home_chunk(
                stamp, node.embodiment.base_frame, arm, node.joints.position, self._sequence))  # fmt: skip
            away = float(np.abs(node.joints.position - arm.home).max())
            self._tell("home" if away < HOME_TOLERANCE else f"stopped {away:.2f} rad from home")
        self._call_enable(False)

    def _execute(self, make: Callable[[float], ActionChunk]) -> None:
        """Send a chunk and wait until it is executed, or will never be."""
        node = self._node
        self._sequence += 1
        chunk = make(node.progress.stamp)
        node.plan(chunk)
        sent = time.monotonic()

        def executed() -> bool:
            progress = node.progress
            ours = progress.source == "planner" and progress.sequence == chunk.sequence
            return (ours and not progress.moving) or (bool(progress.refused) and time.monotonic() - sent > 0.5)

        self._spin_until(executed, 3.0 * chunk.duration + 2.0)

    def _spin_until(self, done: Callable[[], bool], timeout: float) -> bool:
        end = time.monotonic() + timeout
        while not done():
            if time.monotonic() > end or self._spinner.stop:
                return False
            self._spinner.once(0.05)
        return True

    def _finish(self) -> None:
        node = self._node
        if node.film is not None:
            node.film.close()
            if node.film.problem:
                _say(f"no film: {node.film.problem}")
        result = self._result()
        text = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
        for path in [node.directory / "result.json", *([Path(node.report)] if node.report else [])]:
            temporary = path.with_name(f".{path.name}.{os.getpid()}")
            temporary.write_text(text)
            temporary.replace(path)
        if self._judge is None:
            _say(f"no success: {self._failure}")
            return
        for name in ("success", "attempts", "first_lifted", "lifted_max_m", "episode_s", "real_time_factor",
                     "real_time_factor_worst_s", "time_to_first_motion_s", "failure"):  # fmt: skip
            if result[name] not in (None, ""):
                _say(f"  {name.replace('_', ' '):<26} {result[name]}")

    def _result(self) -> dict[str, Any]:
        node, judge = self._node, self._judge
        result: dict[str, Any] = {
            "success": judge is not None and judge.success,
            "attempts": judge.attempts if judge else 0,
            "failure": judge.reason if judge else self._failure,
            "time_to_first_motion_s": _rounded(self._first_motion),
            "real_time_factor": None,
            "real_time_factor_worst_s": _rounded(min(node.factors[1:], default=None)),
            "duration_s": _rounded(time.time() - self._started),
        }
        if judge is None:
            return result
        wall, simulated = self._began
        result["real_time_factor"] = _rounded((node.truth[0] - simulated) / max(time.monotonic() - wall, 1e-3))
        return result | {
            "instruction": self._instruction,
            "set": node.scene["set"],
            "seed": node.scene["seed"],
            "target": node.scene["target"] if not node.asked else None,
            "episode_s": _rounded(judge.elapsed),
            "first_lifted": judge.first_lifted,
            "lifted_max_m": _rounded(judge.lifted_max),
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _say(text: str) -> None:
    print(text, flush=True)


def serve(stop: StopRequest) -> int:
    """Run the episode."""
    node = EpisodeNode()
    yield_processor(NICENESS)
    return Episode(node, Spinner(node, stop)).run()


def main() -> int:
    """Run the node."""
    return run_node("episode", serve)


if __name__ == "__main__":
    raise SystemExit(main())
