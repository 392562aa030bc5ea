# SPDX-License-Identifier: Apache-2.0
"""All frames that were cut, as batches are drawn from them: numbers in memory, pictures in their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from vla_ros.documents import read_json
from vla_ros.policies.backbone.word_tokens import word_tokens
from vla_ros.training.pictures.frames import CROP_MARGIN
from vla_ros.training.pictures.sentences import NO_LABEL

NUMBERS = ("sizes", "calibrations", "boxes", "things", "labels", "tools")
OF_GRASPS = ("windows", "middles", "options", "closed")  # of frames of demonstrations
NO_GRASP = -1
TEXTS_MAX = 1 << 30  # [B] of the sentences of a folder that training itself has cut


class Stacked:
    """Arrays in files, one after the other along the first axis, that are read as they are requested."""

    def __init__(self, paths: list[Path]) -> None:
        self._parts = [np.load(path, mmap_mode="r") for path in paths]
        self._ends = np.cumsum([len(part) for part in self._parts])
        self.starts = [0, *self._ends[:-1].tolist()]  # row at which each file begins
        self.shape = (int(self._ends[-1]), *self._parts[0].shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Return a copy of rows (R,): (R, …)."""
        taken = np.empty((len(rows), *self.shape[1:]), dtype=self._parts[0].dtype)
        for i, (row, part) in enumerate(zip(rows, np.searchsorted(self._ends, rows, side="right"), strict=True)):
            taken[i] = self._parts[part][row - self._ends[part]]
        return taken


class Samples:
    """All frames that were cut: numbers in memory, pictures in their files."""

    def __init__(self, folders: list[Path], few: bool = False) -> None:
        """`few`: of so few scenes that each would be known by heart; matching is shown them in more ways."""
        parts = {name: [np.load(f / f"{name}.npy") for f in folders] for name in NUMBERS}
        self.crops = Stacked([f / "crops.npy" for f in folders])
        parts["things"] = [np.where(t >= 0, t + o, -1) for t, o in zip(parts["things"], self.crops.starts, strict=True)]
        self.few = few
        self.crop = round(self.crops.shape[1] / CROP_MARGIN)  # [px] of what the network takes of each
        self.columns: dict[str, Any] = {name: np.concatenate(values) for name, values in parts.items()}
        self.columns["pictures"] = Stacked([f / "pictures.npy" for f in folders])
        self.episodes = _counted_on(folders)  # (F,) which episode of all
        self.texts = [text for f in folders for text in read_json(f / "texts.json", TEXTS_MAX)]
        shown = [f for f in folders if (f / "grasp_crops.npy").is_file()]
        # Row of a frame in the columns of grasps; NO_GRASP where it is of none.
        lengths = [len(part) if f in shown else -len(part) for f, part in zip(folders, parts["boxes"], strict=True)]
        self.grasp_rows = _numbered(lengths)
        self.grasps: dict[str, Any] = {
            name: np.concatenate([np.load(f / f"{name}.npy") for f in shown]) for name in OF_GRASPS if shown
        }
        if shown:
            self.grasps["crops"] = Stacked([f / "grasp_crops.npy" for f in shown])
        self._tokens: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def forget_labels(self) -> None:
        """Let categories and colours teach nothing: networks that number others are to learn from these frames."""
        self.columns["labels"] = np.full_like(self.columns["labels"], NO_LABEL)

    def tokens(self, text: str) -> np.ndarray:
        """Return a sentence's tokens, embedded once."""
        if text not in self._tokens:
            self._tokens[text] = word_tokens(text).astype(np.float16)
        return self._tokens[text]

    @property
    def graspable(self) -> np.ndarray:
        """Return which frames (F,) show how a thing is grasped, with fingers that are not around it yet.

        Once the fingers are closed the chain remembers the grasp.
        """
        known = np.zeros(len(self), dtype=bool)
        if self.grasps:
            there = self.grasp_rows != NO_GRASP
            known[there] = (self.grasps["options"][:, :, 8].max(axis=1) > 0) & (self.grasps["closed"] == 0)
        return known


def _counted_on(folders: list[Path]) -> np.ndarray:
    """Return the episodes of all frames: a dataset's begin behind those of the one before."""
    parts, start, end, dataset = [np.empty(0, dtype=np.int64)], 0, 0, ""
    for folder in folders:
        begins = folder.name.partition("_")[0]  # as `piece_name` has it
        if begins != dataset:
            start, dataset = end, begins
        parts.append(start + np.load(folder / "episodes.npy"))
        end = max(end, int(parts[-1].max()) + 1)
    return np.concatenate(parts)


def _numbered(lengths: list[int]) -> np.ndarray:
    """Return running numbers over stretches of these lengths; NO_GRASP over those of negative length."""
    rows, start = [np.empty(0, dtype=np.int64)], 0
    for length in lengths:
        rows.append(np.arange(start, start + length) if length > 0 else np.full(-length, NO_GRASP))
        start += max(length, 0)
    return np.concatenate(rows)
