# SPDX-License-Identifier: Apache-2.0
"""Frames of annotated datasets as the full GraspVLA is trained on them.

Shape legend: B batch, V views, M = 2 states, H actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import pose_channels
from controllers.errors import ConfigError
from vla_ros.data.datasets.features import ACTION, IMAGES, STATE
from vla_ros.data.datasets.metadata import DatasetMetadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.actions.single_arm import ACTION_SIZE
from vla_ros.policies.graspvla.full.config import FullConfig
from vla_ros.policies.graspvla.full.loss import Batch
from vla_ros.policies.graspvla.full.pose_numbers import pose_numbers
from vla_ros.policies.graspvla.full.square_image import box_fractions, square_image
from vla_ros.policies.graspvla.full.tokenizer import InstructionTokenizer
from vla_ros.training.generation import annotations as notes
from vla_ros.training.pictures.frames import SEEN

_POSITION, _WIDTH = "/position.x", "/width"  # end the names of a tool's and a gripper's channels


class FullSamples:
    """The frames of datasets, one after the other; those whose action is no example teach their boxes alone."""

    def __init__(
        self, roots: Sequence[Path], config: FullConfig, words: InstructionTokenizer, boxes_only: bool = False
    ) -> None:
        self.config, self._words, self._boxes_only = config, words, boxes_only
        self._readers = [LeRobotReader(root) for root in roots]
        self._ends = np.cumsum([len(reader) for reader in self._readers])
        self._state_columns: list[list[int]] = []  # of each dataset: a tool's pose, the width
        for root, reader in zip(roots, self._readers, strict=True):
            for camera in config.cameras:
                for name in (IMAGES + camera, notes.boxes_column(camera)):
                    if name not in reader.metadata.features:
                        raise ConfigError(f"{root}: lacks '{name}', which the checkpoint's camera '{camera}' needs")
            acts = not boxes_only and ACTION in reader.metadata.features
            if acts:
                _check_actions(reader.metadata, config)
                _check_still(reader, config)
            self._state_columns.append(_state_columns(reader.metadata) if acts else [])

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    @property
    def episodes(self) -> np.ndarray:
        """Return which episode of all each frame is of."""
        lengths = [episode.length for reader in self._readers for episode in reader.metadata.episodes]
        return np.repeat(np.arange(len(lengths)), lengths)

    def batch(self, rows: np.ndarray) -> Batch:
        """Return these frames."""
        samples = [self._sample(int(row)) for row in rows]
        words, mask = self._words([str(sample["words"]) for sample in samples])

        def stacked(name: str) -> torch.Tensor:
            return torch.from_numpy(np.stack([sample[name] for sample in samples]))

        return Batch(
            images=stacked("images"),
            words=words,
            word_mask=mask,
            boxes=stacked("boxes"),
            box_known=stacked("box_known"),
            has_action=stacked("has_action"),
            states=stacked("states").float(),
            grasp=stacked("grasp"),
            actions=stacked("actions").float(),
            counts=stacked("counts").float(),
        )

    def _sample(self, row: int) -> dict[str, np.ndarray | str]:
        which = int(np.searchsorted(self._ends, row, side="right"))
        reader, frame = self._readers[which], row - int(self._ends[which] - len(self._readers[which]))
        config, column = self.config, reader.column
        target = int(column(notes.TARGET)[frame])  # -1: a sentence that asks for several, or for none
        images, boxes, known = [], [], []
        for camera in config.cameras:
            picture = reader.image(IMAGES + camera, frame)
            images.append(square_image(picture, config.vision.image_size).numpy())
            box = column(notes.boxes_column(camera))[frame, target]
            fractions = box_fractions(box[:4], *picture.shape[:2])
            boxes.append(config.box_quantiser().encode(fractions))
            # What lies beside the square that the towers see is as little in view as what is hidden.
            known.append(bool(target >= 0 and box[4] >= SEEN and (fractions[2:] > fractions[:2]).all()))
        acts = not self._boxes_only and ACTION in reader.metadata.features and bool(column(notes.VALID)[frame])
        horizon = config.action.horizon
        states, grasp, actions = np.zeros((2, 7)), np.zeros(6, dtype=np.int64), np.zeros((horizon, 7))
        counts = np.zeros(horizon)
        if acts:
            before = -round(config.history_s * reader.metadata.fps)
            past, _ = reader.window(STATE, frame, [before, 0])
            states = config.state_statistics.normaliser().normalise(
                np.stack([self._state(state[self._state_columns[which]]) for state in past])
            )
            pose = column(notes.GRASP)[frame].astype(float)
            grasp = config.grasp.quantiser().encode(pose_numbers(_matrix(pose), config.grasp.home))
            chunk, inside = reader.window(ACTION, frame, range(horizon))
            valid, _ = reader.window(notes.VALID, frame, range(horizon))
            counts = np.cumprod(inside & (valid.ravel() > 0)).astype(float)
            actions = config.action_statistics.normaliser().normalise(chunk.astype(float))
        return {
            "images": np.stack(images), "words": reader.task(frame), "boxes": np.stack(boxes),
            "box_known": np.array(known), "has_action": np.array(acts), "states": states, "grasp": grasp,
            "actions": actions, "counts": counts,
        }  # fmt: skip

    def _state(self, numbers: np.ndarray) -> np.ndarray:
        """Return proprioception (7,) of the tool's pose and the width (8,)."""
        return np.append(pose_numbers(_matrix(numbers[:7].astype(float)), self.config.grasp.home), numbers[7])


def _check_actions(metadata: DatasetMetadata, config: FullConfig) -> None:
    """Raise ConfigError for actions that do not mean what the checkpoint's do, and for columns that they need."""
    for name in (STATE, notes.VALID, notes.GRASP):
        if name not in metadata.features:
            raise ConfigError(f"{metadata.root}: lacks '{name}', without which its actions teach nothing")
    if metadata.features[ACTION].shape != (ACTION_SIZE,):
        raise ConfigError(
            f"{metadata.root}: an action has shape {list(metadata.features[ACTION].shape)}, the checkpoint's "
            f"{ACTION_SIZE} numbers: give demonstrations of one arm and one gripper"
        )
    if abs(metadata.fps * config.period - 1.0) > 1e-3:
        raise ConfigError(
            f"{metadata.root}: is of {metadata.fps} Hz, the checkpoint acts at {1.0 / config.period:g} Hz: convert it "
            "by a contract of that rate"
        )
    if metadata.contract is None:
        return
    for key in ("reference", "rotation", "anchor"):
        theirs, ours = getattr(metadata.contract.action, key), getattr(config.action, key)
        if theirs != ours:
            raise ConfigError(
                f"{metadata.root}: contract '{metadata.contract.name}' says {key}: {theirs}, the checkpoint's actions "
                f"{ours}: convert it by a contract of the same"
            )


def _check_still(reader: LeRobotReader, config: FullConfig) -> None:
    """Raise ConfigError for actions that move a number which the checkpoint would always restore as its mean."""
    told = config.action_statistics
    now = told.moved_by(reader.column(ACTION)[reader.column(notes.VALID).ravel() > 0])
    for number, (before, after) in enumerate(zip(told.std, now.std, strict=True)):
        if before != after:
            raise ConfigError(
                f"{reader.metadata.root}: number {number} of its actions moves, and its std in the checkpoint's "
                "action_statistics is 0: write 1 there, and it is learned unscaled"
            )


def _state_columns(metadata: DatasetMetadata) -> list[int]:
    """Return where in the state the one tool's pose (7) and the one width stand. Raises ConfigError otherwise."""
    names = metadata.features[STATE].names or (metadata.contract.state if metadata.contract else ())
    arms = [name.removesuffix(_POSITION) for name in names if name.endswith(_POSITION)]
    widths = [name for name in names if name.endswith(_WIDTH)]
    wanted = [*pose_channels(arms[0]), *widths] if arms else []
    if len(arms) != 1 or len(widths) != 1 or not set(wanted) <= set(names):
        raise ConfigError(
            f"{metadata.root}: the state names {', '.join(names) or 'nothing'}: it needs the pose of one tool "
            f"(<arm>{_POSITION} …) and one gripper's width (<gripper>{_WIDTH})"
        )
    return [names.index(name) for name in wanted]


def _matrix(numbers: np.ndarray) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = Rotation.from_quat(numbers[3:7]).as_matrix(), numbers[:3]
    return T
