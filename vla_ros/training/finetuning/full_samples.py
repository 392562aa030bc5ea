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

from controllers.errors import ConfigError
from vla_ros.data.datasets.features import ACTION, IMAGES, STATE
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.graspvla.full.config import FullConfig
from vla_ros.policies.graspvla.full.loss import Batch
from vla_ros.policies.graspvla.full.pose_numbers import pose_numbers
from vla_ros.policies.graspvla.full.square_image import box_fractions, square_image
from vla_ros.policies.graspvla.full.tokenizer import InstructionTokenizer
from vla_ros.training.generation import annotations as notes
from vla_ros.training.pictures.frames import SEEN


class FullSamples:
    """The frames of datasets, one after the other; those whose action is no example teach their boxes alone."""

    def __init__(
        self, roots: Sequence[Path], config: FullConfig, words: InstructionTokenizer, boxes_only: bool = False
    ) -> None:
        self.config, self._words, self._boxes_only = config, words, boxes_only
        self._readers = [LeRobotReader(root) for root in roots]
        self._ends = np.cumsum([len(reader) for reader in self._readers])
        for root, reader in zip(roots, self._readers, strict=True):
            for camera in config.cameras:
                for name in (IMAGES + camera, notes.boxes_column(camera)):
                    if name not in reader.metadata.features:
                        raise ConfigError(f"{root}: lacks '{name}', which the checkpoint's camera '{camera}' needs")

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
        )

    def _sample(self, row: int) -> dict[str, np.ndarray | str]:
        which = int(np.searchsorted(self._ends, row, side="right"))
        reader, frame = self._readers[which], row - int(self._ends[which] - len(self._readers[which]))
        config, column = self.config, reader.column
        target = int(column(notes.TARGET)[frame])
        images, boxes, known = [], [], []
        for camera in config.cameras:
            picture = reader.image(IMAGES + camera, frame)
            images.append(square_image(picture, config.vision.image_size).numpy())
            box = column(notes.boxes_column(camera))[frame, target]
            boxes.append(config.box_quantiser().encode(box_fractions(box[:4], *picture.shape[:2])))
            known.append(bool(box[4] >= SEEN))
        acts = not self._boxes_only and ACTION in reader.metadata.features and bool(column(notes.VALID)[frame])
        horizon = config.action.horizon
        states, grasp, actions = np.zeros((2, 7)), np.zeros(6, dtype=np.int64), np.zeros((horizon, 7))
        if acts:
            before = -round(config.history_s * reader.metadata.fps)
            past, _ = reader.window(STATE, frame, [before, 0])
            states = config.state_statistics.normaliser().normalise(np.stack([self._state(state) for state in past]))
            pose = column(notes.GRASP)[frame].astype(float)
            grasp = config.grasp.quantiser().encode(pose_numbers(_matrix(pose), config.grasp.home))
            chunk, _ = reader.window(ACTION, frame, range(horizon))
            actions = config.action_statistics.normaliser().normalise(chunk.astype(float))
        return {
            "images": np.stack(images), "words": reader.task(frame), "boxes": np.stack(boxes),
            "box_known": np.array(known), "has_action": np.array(acts), "states": states, "grasp": grasp,
            "actions": actions,
        }  # fmt: skip

    def _state(self, numbers: np.ndarray) -> np.ndarray:
        """Return proprioception (7,) of the contract's state: seven joints, the tool's pose, the width."""
        pose = numbers[7:14].astype(float)
        return np.append(pose_numbers(_matrix(pose), self.config.grasp.home), numbers[14])


def _matrix(numbers: np.ndarray) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = Rotation.from_quat(numbers[3:7]).as_matrix(), numbers[:3]
    return T
