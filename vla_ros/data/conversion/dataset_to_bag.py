# SPDX-License-Identifier: Apache-2.0
"""One episode of a dataset as a bag: what was seen and measured, and the motion as action chunks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.chunk import ChannelKind, channel_kind, instruction_hash, pose_channels
from controllers.errors import ConfigError
from vla_ros.data.bags import marks
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.message_definitions import message_definition
from vla_ros.data.bags.notes import CONTRACT
from vla_ros.data.bags.offered_qos import OfferedQos
from vla_ros.data.bags.writer import BagWriter
from vla_ros.data.conversion import sources
from vla_ros.data.conversion.message_making import TYPES, MessageMaker
from vla_ros.data.datasets.features import ACTION, ANCHOR, IMAGES, STATE
from vla_ros.data.datasets.metadata import EpisodeMetadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.datasets.schema import check_dataset
from vla_ros.policies.actions.encoding import ActionEncoding
from vla_ros.policies.contract import DataContract, contract_line, pose_arms
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.robots.topics import commanded_pose_topic

START_NS = 1_000_000_000  # of the bag: a dataset does not know when it was recorded
CHUNK_TOPIC = "policy/action_chunk"
META, RIDING = ("meta/sequence", "meta/instruction", "meta/inference_s"), "meta/riding"
_LATCHED = OfferedQos(history="keep_last", depth=1, durability="transient_local")
_STREAM = OfferedQos(history="keep_last", depth=10)


class Entry(NamedTuple):
    """A message to be written."""

    time: int  # [ns]
    topic: str  # without the leading slash
    kind: str  # of message_making.TYPES
    data: bytes


def write_bag(reader: LeRobotReader, episode: int, bag: Path, contract: DataContract | None = None) -> int:
    """Write an episode into a new bag and return the number of its messages.

    Raises ConfigError when there is no such episode or no contract says what its numbers are, BagError when the bag
    exists or the disk does not take it; what was begun is deleted then.
    """
    metadata = reader.metadata
    wanted = contract or metadata.contract
    if wanted is None:
        raise ConfigError(f"{metadata.root}: says nothing of its contract: name the one it was made by with --contract")
    check_dataset(wanted, metadata)
    if not 0 <= episode < len(metadata.episodes):
        raise ConfigError(f"{metadata.root}: episode {episode} is not one of 0 to {len(metadata.episodes) - 1}")
    record = metadata.episodes[episode]
    maker = EpisodeMessages(reader, record, wanted, load_embodiment(wanted.robot))
    noted = {"dataset": metadata.root.resolve().name, "episode": str(episode), CONTRACT: contract_line(wanted)}
    writer = BagWriter(bag, custom_data=noted)
    count = 0
    try:
        for entry in maker.entries():
            topic = f"/{entry.topic}"
            qos = _LATCHED if entry.kind == "string" or topic.endswith("/pose") else _STREAM
            writer.add_topic(topic, message_definition(TYPES[entry.kind]), (qos,))
            writer.write(topic, entry.time, entry.time, entry.data)
            count += 1
    except OSError as error:
        writer.discard()
        raise BagError(f"bag {bag}: cannot be written ({error.strerror}): make room") from None
    except BaseException:  # a picture that cannot be read, or Ctrl-C: made again it is the same
        writer.discard()
        raise
    writer.close()
    return count


class EpisodeMessages:
    """Everything an episode says, in the order of time."""

    def __init__(
        self, reader: LeRobotReader, record: EpisodeMetadata, contract: DataContract, robot: Embodiment
    ) -> None:
        self._reader, self._record, self._contract, self._robot = reader, record, contract, robot
        self._make = MessageMaker()
        frames = slice(record.start, record.start + record.length)
        self._state = _table(reader, STATE, frames)
        action = contract.action
        rows = _table(reader, ACTION, frames)
        self._encoding = ActionEncoding(action, contract.quaternion_side)
        stored = action.stores_anchor and ANCHOR in reader.metadata.features
        if not stored and self._encoding.stored_reference == "delta":
            raise ConfigError(f"{reader.metadata.root}: lacks '{ANCHOR}', from which its actions start")
        self._anchor = _table(reader, ANCHOR, frames) if stored else np.empty((0, 0))
        start = self._anchor[0] if stored else np.zeros(len(action.anchor_channels))  # absolute rows need none
        self._targets = self._encoding.decode(rows, start, self._encoding.stored_reference)  # (T, C), one frame ahead
        self._words = [reader.task(i) for i in range(record.start, record.start + record.length)]

    @property
    def targets(self) -> np.ndarray:
        """Return what was commanded (T, C), the contract's action channels, each row one frame ahead of its own."""
        return self._targets

    @property
    def state(self) -> np.ndarray:
        """Return what was measured (T, S), the contract's state channels."""
        return self._state

    @property
    def instruction(self) -> str:
        """Return what was requested at the beginning."""
        return self._words[0]

    def entries(self) -> Iterator[Entry]:
        """Yield the messages."""
        length, period = self._record.length, self._contract.period
        times = [START_NS + round(k * period * 1e9) for k in range(length + 1)]
        pictures = {
            camera: self._reader.images(IMAGES + camera, self._record.index) for camera in self._contract.cameras
        }
        yield self._mark(times[0], marks.BEGIN, {})
        for k, time in enumerate(times[:-1]):
            if k == 0 or self._words[k] != self._words[k - 1]:
                yield Entry(time, sources.INSTRUCTION, "string", self._make.string(self._words[k]))
            yield from self._measured(k, time)
            yield from self._commanded(k, time)
            for camera, images in pictures.items():
                yield from self._camera(camera, k, time, next(images))
            yield self._chunk(k, time)
        yield from self._measured(length - 1, times[-1])  # nothing is known of the frame after the last
        yield from self._commanded(length, times[-1])
        yield self._mark(times[-1], marks.END, {marks.SUCCESS: "true", marks.OUTCOME: "success"})

    def _measured(self, k: int, time: int) -> Iterator[Entry]:
        channels = dict(zip(self._contract.state, self._state[k], strict=True))
        names = [name.rpartition("/")[0] for name in channels if channel_kind(name) is ChannelKind.JOINT]
        position = [channels[f"{name}/position"] for name in names]
        for channel, width in channels.items():
            if channel_kind(channel) is ChannelKind.GRIPPER:
                fingers = self._robot.gripper(channel.rpartition("/")[0]).joints
                names += [joint for joint in fingers if joint not in names]
                position += [width / len(fingers)] * (len(names) - len(position))
        # Of those whose speed the state does not say 0 is told, as which it is read where nothing is.
        speeds = [f"{name}/velocity" for name in names]
        velocity = [channels.get(name, 0.0) for name in speeds] if set(speeds) & set(channels) else []
        if names:
            data = self._make.joint_state(time, names, np.array(position), np.array(velocity))
            yield Entry(time, sources.JOINT_STATES, "joint_state", data)
        if set(BASE_AXES) <= set(channels):
            pushed = np.array([channels[axis] for axis in BASE_AXES])
            yield Entry(time, sources.ODOMETRY, "odometry", self._odometry(k, time, pushed))
        for arm in pose_arms(self._contract.state):
            pose = np.array([channels[name] for name in pose_channels(arm)])
            yield self._pose(time, f"{arm}/ee_pose", pose)

    def _commanded(self, k: int, time: int) -> Iterator[Entry]:
        """Yield what was commanded at frame k: its anchor where that was commanded, else the target before."""
        action = self._contract.action
        before = dict(zip(action.channels, self._targets[max(0, k - 1)], strict=True))
        if action.anchor == "commanded" and k < len(self._anchor):
            before |= dict(zip(action.anchor_channels, self._anchor[k], strict=True))
        for arm in action.arms:
            pose = np.array([before[name] for name in pose_channels(arm)])
            yield self._pose(time, commanded_pose_topic(self._robot, arm), pose)
        for group in self._robot.driven_groups:
            if set(group.joints) <= set(action.joints):
                values = np.array([before[f"{joint}/position"] for joint in group.joints])
                yield Entry(time, f"{group.name}_position_controller/commands", "numbers", self._make.numbers(values))
        if action.tool_channels:
            said = {"stamp": f"{time * 1e-9:.6f}", "enabled": "true"}
            said |= {channel: f"{before[channel]:.6f}" for channel in action.tool_channels}
            yield Entry(time, sources.PROGRESS, "status", self._make.status("control", "", said))
        if action.base and action.target == "commanded":
            x, y, yaw = (before[axis] for axis in BASE_AXES)
            twist = np.array([x, y, 0.0, 0.0, 0.0, yaw])
            yield Entry(time, sources.BASE_COMMANDS, "twist", self._make.twist(time, self._robot.base_frame, twist))

    def _odometry(self, k: int, time: int, velocity: np.ndarray) -> bytes:
        """Return the odometry of frame k: a dataset knows velocities, and where they lead to from its beginning."""
        base = self._robot.base
        frames = ("odom", self._robot.base_frame) if base is None else (base.odom_frame, base.frame)
        columns = [self._contract.state.index(axis) for axis in BASE_AXES]
        place = dead_reckoned(self._state[:k, columns], self._contract.period)
        return self._make.odometry(time, *frames, place, velocity)

    def _camera(self, camera: str, k: int, time: int, image: np.ndarray) -> Iterator[Entry]:
        frame, topic = f"{camera}_color_optical_frame", sources.camera_topic(self._contract, camera).lstrip("/")
        yield Entry(time, topic, "image", self._make.image(time, frame, image))
        for name, extra in self._contract.features.items():
            if extra.kind == "calibration" and extra.camera == camera:
                row = self._reader.column(name)[self._record.start + k].astype(np.float64)
                size = (image.shape[1], image.shape[0])
                info = sources.info_topic(self._contract, camera).lstrip("/")
                yield Entry(time, info, "camera_info", self._make.camera_info(time, frame, row[:4], size))
                before = self._reader.column(name)[self._record.start + max(0, k - 1)]
                if k == 0 or camera in self._robot.mounted_cameras or (row != before).any():
                    yield self._pose(time, f"cameras/{camera}/pose", row[4:])

    def _chunk(self, k: int, time: int) -> Entry:
        action = self._contract.action
        rows = self._targets[k : k + action.horizon]
        extra = dict(zip(META, (float(k), float(instruction_hash(self._words[k])), 0.0), strict=True))
        if action.base:  # recorded poses stand in the base of their own time
            extra[RIDING] = 1.0
        after = self._contract.period * np.arange(1, len(rows) + 1)
        values = np.hstack([rows, np.tile(list(extra.values()), (len(rows), 1))])
        data = self._make.trajectory(time, self._robot.base_frame, (*action.channels, *extra), after, values)
        return Entry(time, CHUNK_TOPIC, "trajectory", data)

    def _pose(self, time: int, topic: str, pose: np.ndarray) -> Entry:
        return Entry(time, topic, "pose", self._make.pose(time, self._robot.base_frame, pose))

    def _mark(self, time: int, word: str, more: dict[str, str]) -> Entry:
        values = {
            marks.STAMP: f"{time * 1e-9:.6f}",
            marks.EPISODE: str(self._record.index),
            marks.INSTRUCTION: self._words[0],
        }
        return Entry(time, marks.TOPIC, "status", self._make.status(marks.NAME, word, values | more))


def dead_reckoned(velocities: np.ndarray, period: float) -> np.ndarray:
    """Return where velocities (K, 3) x, y [m/s], yaw [rad/s], each for `period` [s], lead to: (3,) x, y, yaw."""
    yaw = np.concatenate([[0.0], np.cumsum(velocities[:, 2]) * period])
    middle = (yaw[:-1] + yaw[1:]) / 2.0
    x = (np.cos(middle) * velocities[:, 0] - np.sin(middle) * velocities[:, 1]).sum() * period
    y = (np.sin(middle) * velocities[:, 0] + np.cos(middle) * velocities[:, 1]).sum() * period
    return np.array([x, y, yaw[-1]])


def _table(reader: LeRobotReader, name: str, frames: slice) -> np.ndarray:
    """Return a column's frames as (T, N): a feature of one number is stored without its axis."""
    rows = reader.column(name)[frames].astype(np.float64)
    return rows.reshape(len(rows), -1)
