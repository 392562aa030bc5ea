# SPDX-License-Identifier: Apache-2.0
"""What the episode hears and says: the node, without the order of things."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseArray
from nav_msgs.msg import Odometry
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64MultiArray, String
from visualization_msgs.msg import ImageMarker

from controllers.errors import ConfigError
from vla_ros import messages, qos
from vla_ros.data.bags import marks
from vla_ros.nodes.arm.client import AWAKE_S, ArmClient
from vla_ros.nodes.arm.silence import Silence
from vla_ros.nodes.episode.film import Film
from vla_ros.nodes.parameters import declare, declare_cameras
from vla_ros.nodes.policy.synchronizer import Synchronizer
from vla_ros.nodes.recorder.report import HEARD, LACKING, RECORDER
from vla_ros.nodes.sim.scene_choice import announced_scene
from vla_ros.policies.capabilities.image_lines import NO_LINES, ImageLines
from vla_ros.seed_range import SEED_MAX
from vla_ros.tasks.judging import Truth
from vla_ros.tasks.table import DEFAULT_TASK, TASKS, load_task

WATCHED = ("sim", "camera", "state", "policy", "control", "guard")
SILENCE_MAX_S = 5.0  # [s] without diagnostics, which every node publishes at least every two seconds
# [s] after which a node, and control, which speaks 50 times a second, are not there when another episode is to begin
QUIET_S, CONTROL_QUIET_S = 2.5, 0.5


class EpisodeNode(ArmClient):
    """Keep the newest of everything; send the instruction."""

    def __init__(self) -> None:
        super().__init__("episode_node")
        self.embodiment = declare_cameras(self, self.embodiment)
        declare(self, "set", "basic", "kind of scene; the simulator says which it really is")
        self.seed = declare(self, "seed", 0, "number of the scene; the simulator says which it really is", 0, SEED_MAX)
        self.episodes = declare(
            self, "episodes", 1, "one after the other, each in the next scene; 0: until it is stopped", 0, 10**6
        )
        self.asked = declare(self, "instruction", "", "what to do, in words; empty: the scene's own").strip()
        self.success_object = declare(
            self, "success_object", "", "object of the scene that counts, such as red_mug; empty: what is requested"
        )
        self.report = declare(self, "report", "", "file for the result as JSON, beside the one in the run folder")
        directory = declare(self, "run_directory", "", "folder for result and film; empty: runs/<time>_episode")
        limit = declare(self, "time_limit_s", 0.0, "simulated time it may take [s]; 0: the task's", 0.0, 3600.0)
        attempts = declare(self, "attempts", 0, "how often the gripper may close; 0: the task's", 0, 100)
        self.ready_timeout = declare(
            self, "ready_timeout_s", 60.0, "how long to wait for the other nodes [s]", 1.0, 600.0
        )
        self.film_rate = declare(self, "camera_rate_hz", 10.0, "pictures a second, those of the film too", 1.0, 60.0)
        self._recorded = bool(declare(self, "record", "", "bag that is being recorded; empty: none"))
        self.task = load_task(declare(self, "task", DEFAULT_TASK, "what is to be done", choices=tuple(TASKS)))
        usual = self.task.limits
        self.limits = dataclasses.replace(
            usual, time_limit_s=limit or usual.time_limit_s, attempts=attempts or usual.attempts
        )
        self.directory = Path(directory or f"runs/{time.strftime('%Y%m%d-%H%M%S')}_episode")
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"run folder {self.directory}: cannot be made ({error.strerror})") from None
        self.scene: dict[str, Any] = {}
        self.announced = ""  # sim/scene as it came
        self.time = 0.0  # [s] of the newest truth
        self._objects: list[np.ndarray] | None = None  # T_base_object (4, 4) in the order of the scene's objects
        self._joints: dict[str, float] = {}  # [rad], [m] of the scene's fixtures
        self._cloths: dict[str, np.ndarray] = {}  # vertices (V, 3) [m] of each cloth
        self._T_odom_base: np.ndarray | None = None  # (4, 4) of a base that drives
        self.factors: list[float] = []  # real-time factor, second by second
        self._in_bag: set[str] = set()  # topics that the recorder has heard
        self._lacking = ""  # those of its contract that it has not
        self._recorder = Silence(AWAKE_S)
        self.unfit = ""  # why the recording serves nothing, or does not go on
        self.heard: dict[str, Silence] = {}  # of each node since its last diagnostics
        self.film: Film | None = None
        self.caption = ""  # of the film
        self._lines: dict[str, ImageLines] = {}  # of each camera, drawn over its film
        self._frames: dict[str, float] = {}  # stamp of each camera's last image
        streams = list(self.embodiment.cameras)
        self._synchronizer = Synchronizer(streams, streams[0], 0.02)
        self.instruction = self.create_publisher(String, "instruction", qos.LATCHED)
        self._marks = self.create_publisher(DiagnosticStatus, marks.TOPIC, qos.MARKS)
        self.create_subscription(String, "sim/scene", self._on_scene, qos.LATCHED)
        self.create_subscription(PoseArray, "sim/object_poses", self._on_truth, qos.NEWEST)
        self.create_subscription(JointState, "sim/fixture_joints", self._on_joints, qos.NEWEST)
        self.create_subscription(Float64MultiArray, "sim/cloth_vertices", self._on_cloths, qos.NEWEST)
        if self.embodiment.base is not None:
            self.create_subscription(Odometry, "odom", self._on_odometry, qos.NEWEST)
        self.create_subscription(DiagnosticArray, "diagnostics", self._on_diagnostics, qos.EVENTS)
        for camera in streams:
            topic = f"cameras/{camera}/color/image_raw"
            self.create_subscription(Image, topic, partial(self._on_image, camera), qos.IMAGES_NEWEST)
            topic = f"policy/reasoning/{camera}"
            self.create_subscription(ImageMarker, topic, partial(self._on_lines, camera), qos.LATCHED)

    # -- what arrives ------------------------------------------------------------------------------------------------
    def _on_scene(self, message: String) -> None:
        self.scene, self.announced = announced_scene(message.data), message.data
        self._joints, self._cloths = {}, {}  # another scene's say nothing of this one

    def _on_truth(self, message: PoseArray) -> None:
        if not self.scene:
            return  # whose they are is not known yet: another scene comes, and these may be the last one's
        if len(message.poses) != len(self.scene["objects"]):
            raise messages.MessageError(f"{len(message.poses)} poses of {len(self.scene['objects'])} objects")
        self._objects = [messages.transform(pose) for pose in message.poses]
        self.time = messages.seconds(message.header.stamp)

    def _on_joints(self, message: JointState) -> None:
        self._joints = messages.joint_positions(message)

    def _on_cloths(self, message: Float64MultiArray) -> None:
        self._cloths = messages.point_sets(message)

    def _on_odometry(self, message: Odometry) -> None:
        if self.scene:
            self._T_odom_base, _ = messages.odometry_values(message)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name in WATCHED:
                self.heard.setdefault(status.name, Silence(AWAKE_S)).reset()
            if status.name == RECORDER:
                values = messages.diagnostic_values(status)
                self._in_bag, self._lacking = set(values.get(HEARD, "").split()), values.get(LACKING, "")
                self.unfit = status.message if status.level == messages.ERROR else ""
                self._recorder.reset()
            if status.name == "sim":
                with contextlib.suppress(KeyError, ValueError):
                    self.factors.append(float(messages.diagnostic_values(status)["real_time_factor"]))

    def _on_image(self, camera: str, message: Image) -> None:
        stamp = messages.seconds(message.header.stamp)
        self._frames[camera] = stamp
        if self.film is not None:
            complete = self._synchronizer.add(camera, stamp, message)
            if complete is not None:
                images = [messages.color_array(image) for image in complete[1].values()]
                # The words are those that hold: without any the policy infers nothing, and old reasoning goes.
                lines = [self._lines.get(name, NO_LINES) if self.caption else NO_LINES for name in complete[1]]
                self.film.add(images, lines, self.caption)

    def _on_lines(self, camera: str, message: ImageMarker) -> None:
        self._lines[camera] = ImageLines(*messages.image_marker_lines(message))

    def publish_instruction(self, instruction: str) -> None:
        """Publish the instruction, which is the film's caption too; empty: there is nothing to do."""
        self.caption = instruction
        self.instruction.publish(String(data=instruction))

    def mark(self, word: str, values: dict[str, str]) -> None:
        """Say on episode/marks that the episode begins or ends here."""
        stamped = {marks.STAMP: f"{self.get_clock().now().nanoseconds * 1e-9:.6f}"} | values
        self._marks.publish(messages.diagnostic(marks.NAME, messages.OK, word, stamped))

    # -- what is asked and said ----------------------------------------------------------------------------------------
    def missing(self) -> list[str]:
        """Name the nodes that are not ready, and the topic that says so."""
        wanted = {
            "sim (sim/scene, sim/object_poses)": bool(self.scene) and self._objects is not None,
            "sim (sim/fixture_joints)": not any(one["joints"] for one in self.scene.get("fixtures", ()))
            or bool(self._joints),
            "sim (sim/cloth_vertices)": not self.scene.get("cloths") or bool(self._cloths),
            "state": all(self.count_publishers(f"{arm.name}/ee_pose") > 0 for arm in self.embodiment.arms),
            "policy (policy/action_chunk)": self.count_publishers("policy/action_chunk") > 0,
            "control (control/progress)": self.ready,
            "the base's odometry (odom)": self.embodiment.base is None or self._T_odom_base is not None,
            "guard (estop)": self.count_publishers("estop") > 0,
        }
        for camera in self.embodiment.cameras:
            wanted[f"camera {camera} (cameras/{camera}/color/image_raw)"] = camera in self._frames
        if self._recorded:  # it may be found seconds after the others, and the episode's begin is not to be missed
            topics = ["joint_states", "control/progress"]
            topics += [f"cameras/{camera}/color/image_raw" for camera in self.embodiment.cameras]
            name = f"recorder ({self._lacking})" if self._lacking else "recorder"
            wanted[name] = not self._lacking and all(self.resolve_topic_name(t) in self._in_bag for t in topics)
        return [name for name, there in wanted.items() if not there]

    def absent(self) -> str:
        """Name the nodes that have spoken once and do not now, and control where it is not ready; "" when all do."""
        names = [name for name, silence in self.heard.items() if silence.seconds > QUIET_S]
        if self.silence > CONTROL_QUIET_S or not self.ready:
            names.append("control")
        if self._recorded and self._recorder.seconds > QUIET_S:
            names.append("recorder")
        return ", ".join(sorted(set(names)))

    def forget_scene(self) -> None:
        """Forget what was seen: another scene comes."""
        self.scene, self.announced, self._objects, self._T_odom_base = {}, "", None, None
        self._frames.clear()

    def silent(self) -> str:
        """Name a node that has stopped speaking, and for how long; "" when all speak."""
        silences = {name: silence.seconds for name, silence in self.heard.items()}
        name, seconds = max(silences.items(), key=itemgetter(1), default=("", 0.0))
        return f"{name} has been silent for {seconds:.0f} s" if seconds > SILENCE_MAX_S else ""

    def _poll(self) -> None:
        super()._poll()
        for silence in (*self.heard.values(), self._recorder):
            silence.update()

    @property
    def recording_ended(self) -> str:
        """Say why the recording that was requested does not go on; "" when it does."""
        return self.unfit if self._recorded else ""

    @property
    def T_odom_base(self) -> np.ndarray:
        """Return where the base is (4, 4) in the frame where it was put down."""
        return np.eye(4) if self._T_odom_base is None else self._T_odom_base

    def truth(self) -> Truth:
        """Return what a judge sees now."""
        names = [item["name"] for item in self.scene["objects"]]
        told = self.progress.end_effectors
        widths = {one.name: told.get(f"{one.name}/width", 0.0) for one in self.embodiment.grippers}
        objects = dict(zip(names, self._objects or [], strict=True))
        truth = Truth(self.time, objects, widths, self.commanded, self._joints, self._cloths)
        return truth.before_driving(self.T_odom_base)
