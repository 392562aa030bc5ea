# SPDX-License-Identifier: Apache-2.0
"""Pictures of a demonstration, encoded as they come; those of frames that are left out never are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_ros.data.datasets.episode import EpisodeEncoder
from vla_ros.data.datasets.features import IMAGES
from vla_ros.data.datasets.schema import DatasetSchema
from vla_ros.training.generation.contract_columns import ContractColumns
from vla_ros.training.generation.moments import Moment


class ExamplePictures:
    """Take the pictures of every frame; `clean` keeps those of frames whose action is an example.

    Whether it is one is known when the policy was asked, after the pictures, so one frame is held back.
    """

    def __init__(self, schema: DatasetSchema, stored: ContractColumns, cameras: Sequence[str], clean: bool) -> None:
        self.moments: Sequence[Moment] = ()
        self.runs: list[tuple[int, EpisodeEncoder]] = []  # first frame of a run, and its pictures
        self._schema, self._stored, self._first, self._clean = schema, stored, cameras[0], clean
        self._held: dict[str, np.ndarray] = {}
        self._frames = 0
        self._running = False

    def take(self, camera: str, color: np.ndarray) -> None:
        """Take a picture (H, W, 3) uint8; a frame begins with the first camera's."""
        if camera == self._first:
            self.end()
        self._held[camera] = self._stored.picture(camera, color)

    def end(self) -> None:
        """Take in the frame that is held back."""
        if not self._held:
            return
        kept = not self._clean or self.moments[self._frames].valid
        if kept and not self._running:
            self.runs.append(
                (self._frames, EpisodeEncoder(self._schema.features, self._schema.fps, self._schema.codec))
            )
        self._running = kept
        if kept:
            for name, picture in self._held.items():
                self.runs[-1][1].add_image(IMAGES + name, picture)
        self._held.clear()
        self._frames += 1
