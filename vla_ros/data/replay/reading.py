# SPDX-License-Identifier: Apache-2.0
"""Read the motion of an episode out of a bag or a dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from controllers.chunks.chunk import ChannelKind, channel_kind
from controllers.errors import VlaError
from vla_ros.data.bags import marks
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.conversion import sources
from vla_ros.data.conversion.bag_index import BagIndex, Span
from vla_ros.data.conversion.dataset_to_bag import EpisodeMessages
from vla_ros.data.datasets.layout import INFO
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.replay.recorded_commands import RecordedCommands, recorded_commands
from vla_ros.data.replay.recorded_motion import RecordedMotion, resampled
from vla_ros.documents import parse_json
from vla_ros.policies.contract import DataContract
from vla_ros.robots.embodiment import Embodiment, load_embodiment

SCENE = "sim/scene"
STEP_S = 0.04  # [s] between the points of a bag's motion: what is commanded is smooth, and was filtered once


def is_dataset(path: Path) -> bool:
    """Say whether a folder is a dataset; else it is meant to be a bag."""
    return (path / INFO).is_file()


def check_source(path: Path) -> None:
    """Raise VlaError for what is neither a bag nor a dataset, reading no episode of it."""
    if is_dataset(path):
        load_metadata(path)
    else:
        with BagReader(path):
            pass


def read_motion(path: Path, episode: int, robot: Embodiment, contract: DataContract | None = None) -> RecordedMotion:
    """Return the motion of episode number `episode` (0 the first).

    Raises VlaError for what is no bag and no dataset, an episode that is not there, or a robot that is another.
    """
    if is_dataset(path):
        return _from_dataset(path, episode, robot, contract)
    return _from_bag(path, episode, robot)


def read_scene(path: Path) -> dict[str, object]:
    """Return what the simulator said of the scene in a bag; empty where nobody did, and for a dataset."""
    if is_dataset(path):
        return {}
    with BagReader(path) as bag:
        topic = _named(bag, SCENE)
        for _, message in bag.decoded(topic) if topic else ():
            scene = parse_json(message.data, f"{path}: {topic}")
            return scene if isinstance(scene, dict) else {}
    return {}


def _named(bag: BagReader, name: str) -> str:
    """Return the bag's topic of that relative name, in whatever namespace; "" where there is none."""
    found = [topic for topic in bag.topics if topic == f"/{name}" or topic.endswith(f"/{name}")]
    return min(found, key=len, default="")


def _from_bag(path: Path, episode: int, robot: Embodiment) -> RecordedMotion:
    with BagReader(path) as bag:
        wanted = recorded_commands(robot)
        needed = [sources.JOINT_STATES, *(one.name for one in wanted if one.needed)]
        topics = {name: _named(bag, name) for name in (*needed, *(one.name for one in wanted))}
        missing = [name for name in needed if not topics[name]]
        if missing:
            raise VlaError(f"{path}: lacks the topic {missing[0]}: record with `vla record` or record:= to have it")
        there = {name: topic for name, topic in topics.items() if topic}
        index = BagIndex(bag, there, _named(bag, sources.INSTRUCTION), _named(bag, marks.TOPIC))
        span = _span(index, episode, path)
        read = [(one, _rows(index, one, span)) for one in wanted if one.name in there]
        start = _start(index, span, robot.driven_joints, path)
    steady = [stamps for one, (stamps, _) in read if one.needed and one.name != sources.PROGRESS]
    if not steady or min(len(stamps) for stamps in steady) < 2:
        raise VlaError(f"{path}: holds no motion: the arm was not commanded in episode {episode}")
    told = [(one, rows) for one, rows in read if len(rows[0])]
    over = max(stamps[0] for stamps in steady), min(stamps[-1] for stamps in steady)
    times, values = resampled([rows for _, rows in told], over, STEP_S)
    channels = tuple(channel for one, _ in told for channel in one.channels)
    words = f"episode {episode} of {path}"
    return RecordedMotion(times, channels, values, start, span.instruction, words, read_scene(path)).trimmed()


def _span(index: BagIndex, episode: int, path: Path) -> Span:
    spans = index.spans()
    if not 0 <= episode < len(spans):
        raise VlaError(f"{path}: episode {episode} is not one of 0 to {len(spans) - 1}")
    return spans[episode]


def _within(index: BagIndex, source: str, span: Span) -> np.ndarray:
    stamps = index.topics[source].stamps
    return np.flatnonzero((stamps >= span.start) & (stamps <= span.end))


def _rows(index: BagIndex, one: RecordedCommands, span: Span) -> tuple[np.ndarray, np.ndarray]:
    """Return the stamps (N,) [s] of commands within an episode, and their values (N, D)."""
    numbers = _within(index, one.name, span)
    rows = [one.read(index.bag.decode(message)) for _, _, message in index.messages({one.name: numbers.tolist()})]
    return index.topics[one.name].stamps[numbers], np.array(rows).reshape(len(numbers), len(one.channels))


def _start(index: BagIndex, span: Span, joints: tuple[str, ...], path: Path) -> dict[str, float]:
    stamps = index.topics[sources.JOINT_STATES].stamps
    if not len(stamps):
        raise VlaError(f"{path}: holds no joint states: where the arm began is not known")
    nearest = int(np.argmin(np.abs(stamps - max(span.start, stamps[0]))))
    _, _, message = next(index.messages({sources.JOINT_STATES: [nearest]}))
    state = index.bag.decode(message)
    measured = dict(zip(state.name, state.position, strict=False))
    absent = [name for name in joints if name not in measured]
    if absent:
        raise VlaError(f"{path}: joint states lack '{absent[0]}': another robot was recorded; name it with --robot")
    return {name: float(measured[name]) for name in joints}


def _from_dataset(path: Path, episode: int, robot: Embodiment, contract: DataContract | None) -> RecordedMotion:
    with LeRobotReader(path) as reader:
        metadata = reader.metadata
        wanted = contract or metadata.contract
        if wanted is None:
            raise VlaError(f"{path}: says nothing of its contract: name the one it was made by with --contract")
        if not robot.answers_to(wanted.robot):
            raise VlaError(f"{path}: holds data of the robot '{wanted.robot}', this is '{robot.name}'")
        if not 0 <= episode < len(metadata.episodes):
            raise VlaError(f"{path}: episode {episode} is not one of 0 to {len(metadata.episodes) - 1}")
        said = EpisodeMessages(reader, metadata.episodes[episode], wanted, load_embodiment(wanted.robot))
        targets, state, words = said.targets, said.state, said.instruction
    joints = set(robot.driven_joints)
    named = [(name.rpartition("/")[0], value) for name, value in zip(wanted.state, state[0], strict=True)
             if channel_kind(name) is ChannelKind.JOINT]  # fmt: skip
    start = {joint: float(value) for joint, value in named if joint in joints}
    times = wanted.period * np.arange(1, len(targets) + 1)  # a target is one frame ahead
    words_of = f"episode {episode} of {path}"
    return RecordedMotion(times, wanted.action.channels, targets, start, words, words_of)
