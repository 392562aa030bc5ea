# SPDX-License-Identifier: Apache-2.0
"""A recorder of a bag for each episode, and one that dies."""

from __future__ import annotations

import os
from pathlib import Path

from eventually import eventually

from bags.bag_making import IMAGE, LATCHED, RELIABLE, START, STATUS, STRING, codec, string
from vla_ros.data.bags import marks
from vla_ros.data.bags.episode_bags import EpisodeBags
from vla_ros.data.bags.message_definitions import TF, message_definition
from vla_ros.data.bags.reader import BagMessage
from vla_ros.data.bags.recording import Recording, RecordingSettings

COLOR, MARKS, SCENE = "/cameras/front/color/image_raw", "/episode/marks", "/sim/scene"


SECOND = 1_000_000_000


QUICK = RecordingSettings(preroll_s=0.5, postroll_s=0.0, free_bytes=0)


def record(folder: Path, settings: RecordingSettings = QUICK) -> Recording:
    recording = Recording(EpisodeBags(folder), settings)
    for topic, kind in (("/word", STRING), (SCENE, STRING), (COLOR, IMAGE), (MARKS, STATUS), ("/tf_static", TF)):
        recording.add_topic(topic, message_definition(kind), [LATCHED if topic in (SCENE, MARKS) else RELIABLE])
    return recording


def say(recording: Recording, seconds: float, text: str, topic: str = "/word") -> None:
    recording.put(BagMessage(topic, START + round(seconds * SECOND), START + round(seconds * SECOND), string(text), 0))


def mark(recording: Recording, seconds: float, word: str, name: str = "", notes: dict[str, str] | None = None) -> None:
    message = codec.make(STATUS, level=0, name="episode", message=word, hardware_id="", values=[])
    data = codec.encode(STATUS, message)
    time_ns = START + round(seconds * SECOND)
    if word == marks.BEGIN:
        recording.begin_episode(name)
    recording.put(BagMessage(MARKS, time_ns, time_ns, data, 0))
    if word == marks.END:
        recording.end_episode(notes)


def write_and_die(folder: Path) -> None:
    recording = record(folder)
    mark(recording, 0.0, marks.BEGIN)
    say(recording, 0.5, "kept")
    eventually(lambda: recording.status.messages >= 2)
    os._exit(9)
