# SPDX-License-Identifier: Apache-2.0
"""A station for collections without ROS: a real recorder in this process, fed with an arm and a camera that move."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from bags.bag_making import IMAGE, LATCHED, RELIABLE, STATUS, STRING, codec, image, joint_state, string

from controllers.errors import VlaError
from vla_ros.data.bags import marks
from vla_ros.data.bags.episode_bags import EpisodeBags
from vla_ros.data.bags.message_definitions import message_definition
from vla_ros.data.bags.reader import BagMessage
from vla_ros.data.bags.recording import Recording, RecordingSettings
from vla_ros.teleop.scheduling.prompt import SceneInstruction

JOINT_STATES, COLOR, MARKS = "/joint_states", "/cameras/front/color/image_raw", "/episode/marks"


def status(word: str, values: Mapping[str, str]) -> bytes:
    pairs = [codec.make("diagnostic_msgs/msg/KeyValue", key=key, value=value) for key, value in values.items()]
    return codec.encode(STATUS, codec.make(STATUS, level=0, name="episode", message=word, hardware_id="", values=pairs))


class RecordingStation:
    """Implements vla_ros.teleop.episodes.station.Station."""

    def __init__(self, episodes: Path, settings: RecordingSettings | None = None) -> None:
        self.episodes, self._settings = (
            episodes,
            settings or RecordingSettings(preroll_s=0.2, postroll_s=0.0, free_bytes=0),
        )
        self.said: list[tuple[str, dict[str, str]]] = []
        self.shown: list[dict] = []
        self.instructions: list[str] = []
        self.held: list[str] = []
        self.problem = ""  # of the recorder
        self.scene_problem = ""
        self.words = SceneInstruction()  # of every scene
        self.recording: Recording | None = None
        self._over = threading.Event()
        self.start()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def start(self) -> None:
        """Start the recorder."""
        recording = Recording(EpisodeBags(self.episodes, custom_data={"robot": "franka"}), self._settings)
        for topic, kind in ((JOINT_STATES, "sensor_msgs/msg/JointState"), (COLOR, IMAGE), (MARKS, STATUS),
                            ("/instruction", STRING)):  # fmt: skip
            recording.add_topic(topic, message_definition(kind), [LATCHED if topic == "/instruction" else RELIABLE])
        self.recording = recording

    def stop(self) -> None:
        """Stop the recorder, which ends its bag."""
        recording, self.recording = self.recording, None
        if recording is not None:
            recording.close()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self.stop()

    def _work(self) -> None:
        pixels = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)
        for number in range(10**9):
            if self._over.wait(0.01):
                return
            now = time.time()
            self._put(JOINT_STATES, joint_state(now, 0.3 * np.sin(2.0 * now + np.arange(7.0))))
            if number % 5 == 0:
                self._put(COLOR, image(now, np.roll(pixels, number // 5, axis=1)))

    def _put(self, topic: str, data: bytes) -> None:
        recording, now = self.recording, time.time_ns()
        if recording is not None:
            recording.put(BagMessage(topic, now, now, data, 0))

    # -- what a collection asks --------------------------------------------------------------------------------------
    def mark(self, word: str, values: Mapping[str, str]) -> None:
        self.said.append((word, dict(values)))
        recording = self.recording
        if recording is None:
            return
        if word == marks.BEGIN:
            recording.begin_episode(values.get(marks.BAG, ""))
        self._put(MARKS, status(word, {marks.STAMP: f"{time.time():.6f}", **values}))
        if word == marks.END:
            recording.end_episode()

    def instruct(self, text: str) -> None:
        self.instructions.append(text)
        self._put("/instruction", string(text))

    def instruction(self) -> str:
        return self.instructions[-1] if self.instructions else ""

    def recorder_problem(self) -> str:
        return self.problem

    def hold(self, reason: str) -> None:
        self.held.append(reason)

    async def show(self, scene: Mapping[str, str | int]) -> SceneInstruction:
        if self.scene_problem:
            raise VlaError(self.scene_problem)
        self.shown.append(dict(scene))
        return self.words
