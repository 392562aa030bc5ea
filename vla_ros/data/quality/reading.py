# SPDX-License-Identifier: Apache-2.0
"""A bag's episodes as arrays, in one pass over its messages."""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np

from controllers.errors import ConfigError
from vla_ros.data.bags.episodes import BagEpisode, read_episodes
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.image_reading import IMAGE_TYPES, ImageReader
from vla_ros.data.bags.notes import ROBOT
from vla_ros.data.bags.reader import BagMessage, BagReader
from vla_ros.data.quality.episode_data import Commands, EpisodeData, ImageSeries, JointSeries, Stream, is_stamped
from vla_ros.robots.embodiment import Embodiment, load_embodiment

JOINT_STATE, NUMBERS = "sensor_msgs/msg/JointState", "std_msgs/msg/Float64MultiArray"
SMALL = (160, 120)  # [px] to which images are shrunk to be compared: each pixel there is the mean of those it covers
_NO_TIME = math.nan
TRANSITION_TOPICS = ("/control/transitions", "/control/seams")  # the second: its name in older bags


class _Collector:
    """Lists that grow while the bag is read, over all episodes."""

    def __init__(self, reader: BagReader) -> None:
        self._reader = reader
        self.received: dict[str, list[int]] = defaultdict(list)  # [ns]
        self.sent: dict[str, list[int]] = defaultdict(list)  # [ns]
        self.stamped: dict[str, list[float]] = defaultdict(list)
        self.joint_names: tuple[str, ...] = ()
        self.states: list[tuple[int, float, np.ndarray, np.ndarray]] = []
        self.images: dict[str, list[tuple[int, float, float, float]]] = defaultdict(list)
        self.commands: dict[str, list[tuple[int, np.ndarray]]] = defaultdict(list)
        self.transitions: list[tuple[int, str]] = []
        self._image_readers: dict[str, ImageReader] = {}
        self._before: dict[str, np.ndarray] = {}

    def take(self, message: BagMessage) -> None:
        topic, kind = message.topic, self._reader.topics[message.topic].type
        try:
            content = self._reader.decode(message)
        except BagError:
            self._note(message, _NO_TIME)  # torn where it was sent from; that it came is known
            return
        stamp = _stamp(content)
        self._note(message, stamp)
        if kind == JOINT_STATE and topic.endswith("/joint_states"):
            self._take_state(message.log_time, stamp, content)
        elif kind in IMAGE_TYPES:
            self._take_image(message, stamp, content)
        elif kind == NUMBERS and topic.endswith("/commands"):
            self.commands[topic].append((message.log_time, np.array(content.data)))
        elif topic.endswith(TRANSITION_TOPICS):
            self.transitions.append((message.log_time, content.message if content.level else ""))

    def _note(self, message: BagMessage, stamp: float) -> None:
        self.received[message.topic].append(message.log_time)
        self.sent[message.topic].append(message.publish_time or message.log_time)
        self.stamped[message.topic].append(stamp)

    def _take_state(self, received: int, stamp: float, state: Any) -> None:
        names, q, dq = tuple(state.name), state.position, state.velocity
        if len(q) != len(names):
            return  # it tells speeds or efforts alone
        if len(dq) != len(names):
            dq = np.full(len(names), np.nan)
        self.joint_names = self.joint_names or names
        if names != self.joint_names:
            if set(names) != set(self.joint_names):
                return
            order = [names.index(name) for name in self.joint_names]
            q, dq = q[order], dq[order]
        self.states.append((received, stamp, q, dq))

    def _take_image(self, message: BagMessage, stamp: float, content: Any) -> None:
        topic = message.topic
        images = self._image_readers.setdefault(topic, ImageReader(self._reader.topics[topic].type))
        try:
            pixels = images.read(content)
        except BagError:
            return
        if pixels is None or pixels.ndim != 3:
            return  # depth has no brightness
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
        small = cv2.resize(grey, SMALL, interpolation=cv2.INTER_AREA)
        before = self._before.get(topic)
        change = float(np.abs(small - before).mean()) if before is not None else math.inf
        self._before[topic] = small
        self.images[topic].append((message.log_time, stamp, float(small.mean()), change))


def read_bag(
    reader: BagReader, robot: str = "", progress: Callable[[int], None] = lambda time: None
) -> list[EpisodeData]:
    """Return a bag's episodes; `robot` is used where the bag does not say which it was."""
    collector = _Collector(reader)
    for message in reader.messages():
        collector.take(message)
        progress(message.log_time)
    name = reader.custom_data.get(ROBOT, "") or robot
    embodiment = _robot(name)
    return [
        dataclasses.replace(_episode(collector, episode, reader.start), embodiment=embodiment)
        for episode in read_episodes(reader)
    ]


def _robot(name: str) -> Embodiment | None:
    """Return a robot by its name or its file; None for one that is not known here."""
    try:
        return load_embodiment(name) if name else None
    except ConfigError:
        return None


def _episode(found: _Collector, episode: BagEpisode, start: int) -> EpisodeData:
    streams = {}
    for topic, times in found.received.items():
        received = np.array(times, dtype=np.int64)
        inside = (received >= episode.begin) & (received <= episode.end)
        stamped = np.array(found.stamped[topic])[inside]
        sent = np.array(found.sent[topic], dtype=np.int64)[inside]
        streams[topic] = Stream((received[inside] - start) * 1e-9, (sent - start) * 1e-9, stamped)
    transitions = [why for time, why in found.transitions if episode.begin <= time <= episode.end]
    return EpisodeData(
        episode=episode,
        streams=streams,
        joints=_joints(found, episode),
        images={topic: _images(items, episode) for topic, items in found.images.items()},
        commands={topic: _commands(items, episode, start) for topic, items in found.commands.items()},
        chunks=len(transitions),
        refused=tuple(why for why in transitions if why),
    )


def _joints(found: _Collector, episode: BagEpisode) -> JointSeries | None:
    states = [state for state in found.states if episode.begin <= state[0] <= episode.end]
    if len(states) < 2:
        return None
    time = _times(states)
    q, dq = np.array([state[2] for state in states]), np.array([state[3] for state in states])
    # What a driver does not tell is what its positions say. Equal stamps have no slope.
    time, first = np.unique(time, return_index=True)
    q, dq = q[first], dq[first]
    if np.isnan(dq).any() and len(time) > 1:
        dq = np.gradient(q, time, axis=0)
    return JointSeries(found.joint_names, time, q, dq)


def _images(items: list[tuple[int, float, float, float]], episode: BagEpisode) -> ImageSeries:
    inside = [item for item in items if episode.begin <= item[0] <= episode.end]
    values = np.array([item[2:] for item in inside]).reshape(-1, 2)
    return ImageSeries(_times(inside), values[:, 0], values[:, 1])


def _times(items: Sequence[tuple[Any, ...]]) -> np.ndarray:
    """Return the stamps (N,) [s] of items that begin with receive time [ns] and stamp; without stamps, the former."""
    stamped = np.array([item[1] for item in items], dtype=float)
    return stamped if is_stamped(stamped) else np.array([item[0] for item in items], dtype=float) * 1e-9


def _commands(items: list[tuple[int, np.ndarray]], episode: BagEpisode, start: int) -> Commands:
    inside = [item for item in items if episode.begin <= item[0] <= episode.end]
    width = max((len(values) for _, values in inside), default=0)
    inside = [item for item in inside if len(item[1]) == width]
    times = np.array([(time - start) * 1e-9 for time, _ in inside])
    return Commands(times, np.array([values for _, values in inside]).reshape(len(inside), width))


def _stamp(content: Any) -> float:
    header = getattr(content, "header", None)
    stamp: Any = getattr(header, "stamp", None) or getattr(content, "timestamp", None)
    if not hasattr(stamp, "nanosec"):
        return _NO_TIME  # some types have a number of that name
    return stamp.sec + stamp.nanosec * 1e-9
