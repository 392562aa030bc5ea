# SPDX-License-Identifier: Apache-2.0
"""Hand demonstrations as episodes of a robot's contract (GR-3, section 3.3): what was not measured is masked.

The tool's pose is the hand's; joints are zero, pictures of the other cameras black. A hand tells how far it is open,
not what it holds: the fingers are told to be open or shut, and shut ones stand as if they held something. Of several
arms a hand is the one of its name; what the others, their grippers and the base did is zero, and `mask.action` says so.
Shape legend: T frames, S channels of the state, A of an anchor, C of a target, D numbers of an action.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from controllers.chunks.chunk import pose_channels
from controllers.errors import ConfigError, VlaError
from vla_ros.data.conversion.resampling import Bracket, bracket, nearest, pose_between
from vla_ros.data.datasets.episode import EncodedEpisode, encode_episode
from vla_ros.data.datasets.features import ACTION, ANCHOR, IMAGES, STATE
from vla_ros.data.datasets.schema import DatasetSchema, contract_schema
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.data.hands.demonstration import HandDemonstration, demonstration_id, read_demonstration
from vla_ros.data.hands.masks import PREFIX, mask_features
from vla_ros.data.hands.robot_arm import arm_of, check_hands_contract, gripper_of
from vla_ros.encoded_images import read_image
from vla_ros.policies.actions.encoding import ActionEncoding, one_sided
from vla_ros.policies.contract import ActionContract, CameraStream, DataContract
from vla_ros.policies.image_fit import fit_image, fit_intrinsics

SHUT_BELOW = 0.5  # of the way from how little to how far the hand was open
MOVED = 0.015  # [m] of the fingers; less between the two: a hand that neither closed nor opened
HELD = 0.02  # [m] that shut fingers are taken to hold
SKEW_MAX = 0.2  # [s] between a frame and its picture, and between two poses of the hand


def hands_schema(contract: DataContract) -> DatasetSchema:
    """Return what they become by a contract. Raises ConfigError for one whose action no hand can tell."""
    check_hands_contract(contract)
    return contract_schema(contract, mask_features(contract))


def convert_demonstrations(
    demonstrations: Sequence[Path], output: Path, contract: DataContract
) -> tuple[int, list[str]]:
    """Append them to a dataset; return how many went in, and what is wrong with the others. Known ones stay out."""
    schema, done, problems = hands_schema(contract), 0, []
    with LeRobotWriter(output, schema) as writer:
        for folder in demonstrations:
            # Two folders of demonstrations count alike: demonstration_000001 is in both.
            source = f"hands/{demonstration_id(folder) or '/'.join(folder.resolve().parts[-2:])}"
            if source in writer.sources:
                continue
            try:
                writer.add(demonstration_episode(read_demonstration(folder, contract), contract, schema, source))
                done += 1
            except VlaError as error:
                problems.append(f"{folder}: {error}")
    return done, problems


def demonstration_episode(
    demonstration: HandDemonstration, contract: DataContract, schema: DatasetSchema, source: str
) -> EncodedEpisode:
    """Return a demonstration as an episode. Raises VlaError where the hand or the pictures have a hole."""
    arm = arm_of(contract, demonstration.config.hand)
    gripper = gripper_of(contract, arm)
    between, shown = align(demonstration, contract.fps)
    count = len(shown)
    poses = pose_between(demonstration.poses[between.before], demonstration.poses[between.after], between.share)
    side = np.array(contract.quaternion_side)
    poses[:, 3:] = one_sided(poses[:, 3:], side)
    opened = open_fingers(demonstration)[between.after]
    commanded = np.where(opened, demonstration.config.opening, 0.0)
    columns = _state(contract, arm, gripper, poses, np.where(opened, demonstration.config.opening, HELD))
    encoding = ActionEncoding(contract.action, contract.quaternion_side)
    anchors, targets = _anchors_targets(contract.action, arm, gripper, poses, commanded)
    # As datasets have it: of relative actions the absolute values, since a row belongs to many chunks.
    stored = encoding.stored_reference
    columns[ACTION] = np.array([encoding.encode(t[None], a, stored)[0] for t, a in zip(targets, anchors, strict=True)])
    if PREFIX + ACTION in schema.features:
        told = [name.startswith(f"{arm}/") and name not in contract.action.absolute_channels for name in encoding.names]
        columns[PREFIX + ACTION] = np.tile(np.array(told, dtype=np.int64), (count, 1))
    if contract.action.stores_anchor:
        columns[ANCHOR] = anchors
    # No camera of a robot took the pictures: where the contract wants its exact size they are cut and scaled to it.
    streams = {
        name: dataclasses.replace(stream, fit="crop") if stream.fit == "exact" else stream
        for name, stream in contract.cameras.items()
    }
    for name in contract.cameras:
        own = name == demonstration.config.camera
        columns[PREFIX + IMAGES + name] = np.full(count, int(own))
    for name, extra in contract.features.items():
        if extra.kind != "calibration":
            raise ConfigError(
                f"contract '{contract.name}': a demonstration has no '{name}': leave it out of the contract"
            )
        own = extra.camera == demonstration.config.camera
        columns[name] = (
            _calibrations(demonstration, shown, streams[extra.camera]) if own else np.tile(_NOWHERE, (count, 1))
        )
    images = {IMAGES + name: _pictures(demonstration, shown, stream, name) for name, stream in streams.items()}
    return encode_episode(schema.features, contract.fps, columns, images, demonstration.config.instruction, source)


def open_fingers(demonstration: HandDemonstration) -> np.ndarray:
    """Return (S,) whether the hand is open: fingers that hold something wide are not far closed, but closed."""
    low, high = _between(demonstration) if moves_fingers(demonstration) else (0.0, demonstration.config.opening)
    return demonstration.widths > low + SHUT_BELOW * (high - low)


def moves_fingers(demonstration: HandDemonstration) -> bool:
    """Say whether the hand closes or opens at all."""
    low, high = _between(demonstration)
    return high - low >= MOVED


def _between(demonstration: HandDemonstration) -> tuple[float, float]:
    low, high = np.percentile(demonstration.widths, (5, 95))
    return float(low), float(high)


def align(demonstration: HandDemonstration, fps: float) -> tuple[Bracket, np.ndarray]:
    """Return of T frames the hand's samples around each, and each one's picture (T,). Raises VlaError for a hole."""
    start = max(demonstration.times[0], demonstration.picture_times[0])
    count = int((min(demonstration.times[-1], demonstration.picture_times[-1]) - start) * fps + 1e-9) + 1
    if count < 2:
        raise VlaError("hand and pictures have no two frames in common")
    times = start + np.arange(count) / fps
    between, shown = bracket(demonstration.times, times), nearest(demonstration.picture_times, times)
    skew = np.maximum(between.gap, np.abs(demonstration.picture_times[shown] - times))
    if skew.max() > SKEW_MAX:
        raise VlaError(f"a hole of {skew.max():.2f} s at {times[skew.argmax()] - start:.1f} s: record it again")
    return between, shown


_NOWHERE = np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])  # of a camera that was not there


def _anchors_targets(
    action: ActionContract, arm: str, gripper: str | None, poses: np.ndarray, commanded: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what each frame's action starts from (T, A) and leads to (T, C): the hand's pose a frame later."""
    anchors = np.zeros((len(poses), len(action.anchor_channels)))
    anchors[:, 6::7] = 1.0  # the other tools' quaternions are unit ones
    first = 7 * action.arms.index(arm)
    anchors[:, first : first + 7] = poses
    after = np.minimum(np.arange(1, len(poses) + 1), len(poses) - 1)
    targets = np.zeros((len(poses), len(action.channels)))
    targets[:, : anchors.shape[1]] = anchors[after]
    if gripper is not None:
        targets[:, action.channels.index(f"{gripper}/width")] = commanded[after]
    return anchors, targets


def _state(
    contract: DataContract, arm: str, gripper: str | None, poses: np.ndarray, widths: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the state (T, S), zeros (unit quaternions) where a hand has no such number, and its mask."""
    known = {channel: poses[:, i] for i, channel in enumerate(pose_channels(arm))}
    state, mask = (
        np.zeros((len(poses), len(contract.state))),
        np.zeros((len(poses), len(contract.state)), dtype=np.int64),
    )
    for i, channel in enumerate(contract.state):
        if channel in known:
            state[:, i], mask[:, i] = known[channel], 1
        elif channel == f"{gripper}/width":
            state[:, i] = widths  # a guess: masked
        elif channel.endswith("/orientation.w"):
            state[:, i] = 1.0
    return {STATE: state, PREFIX + STATE: mask}


def _calibrations(demonstration: HandDemonstration, shown: np.ndarray, stream: CameraStream) -> np.ndarray:
    height, width = _read(demonstration.pictures[shown[0]]).shape[:2]
    numbers = np.array([*demonstration.config.intrinsics, width, height])
    intrinsics = np.tile(fit_intrinsics(numbers, stream, demonstration.config.camera), (len(shown), 1))
    return np.column_stack([intrinsics, demonstration.cameras[shown]])


def _pictures(
    demonstration: HandDemonstration, shown: np.ndarray, stream: CameraStream, name: str
) -> Iterator[np.ndarray]:
    if name != demonstration.config.camera:
        blank = np.zeros((stream.height, stream.width, 3), dtype=np.uint8)
        yield from (blank for _ in shown)
        return
    for number in shown:
        yield fit_image(_read(demonstration.pictures[number]), stream, name)


def _read(path: Path) -> np.ndarray:
    return cv2.cvtColor(read_image(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
