# SPDX-License-Identifier: Apache-2.0
"""One camera of a bag at the times of a dataset's frames: the nearest image to each, decoded only where it is used."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from controllers.errors import VlaError
from vla_ros.data.bags.image_reading import ImageReader
from vla_ros.data.bags.message_definitions import VIDEO
from vla_ros.data.bags.reader import BagMessage
from vla_ros.data.conversion.bag_index import BagIndex
from vla_ros.data.conversion.resampling import ROUNDING_S, nearest
from vla_ros.policies.contract import CameraStream
from vla_ros.policies.image_fit import fit_image

VIDEO_LEAD = 300  # messages before the first one used: somewhere among them is a key frame


class ImageSampler:
    """Say which messages are needed, take them as they come, hand on a picture for every frame."""

    def __init__(
        self,
        index: BagIndex,
        source: str,
        topic: str,
        camera: str,
        stream: CameraStream,
        times: np.ndarray,
        skew_max: float,
        give: Callable[[np.ndarray], None],
    ) -> None:
        """Plan for `times` (T,) [s]; `give` gets T pictures. Raises VlaError where none is within `skew_max` [s]."""
        self._bag, self._camera, self._stream, self._give = index.bag, camera, stream, give
        kind = index.bag.topics[topic].type
        self._is_video = kind == VIDEO
        self._reader = ImageReader(kind)
        stamps = index.topics[source].stamps
        chosen = nearest(stamps, times)
        skew = np.abs(stamps[chosen] - times)
        worst = int(np.argmax(skew))
        self.skew = float(skew[worst])  # [s] the longest between a frame and its image
        if skew[worst] > skew_max + ROUNDING_S:
            raise VlaError(
                f"{index.bag.files.path}: camera '{camera}' has no image within {skew_max:g} s of {times[worst]:.3f} s "
                f"(the nearest is {skew[worst]:.3f} s off): a recording with a hole; record again, or allow it with "
                f"--skew-max {np.ceil(10.0 * skew[worst]) / 10.0:g}"
            )
        numbers, frames = np.unique(chosen, return_counts=True)
        self._frames = dict(zip(numbers.tolist(), frames.tolist(), strict=True))

    @property
    def needed(self) -> set[int]:
        """Return the numbers of the messages that are to be taken."""
        if self._is_video:  # every frame needs those before it
            return set(range(max(0, min(self._frames) - VIDEO_LEAD), max(self._frames) + 1))
        return set(self._frames)

    def take(self, number: int, message: BagMessage) -> None:
        """Decode a message, and hand on its picture as often as it is the nearest. Raises VlaError for a bad one."""
        try:
            image = self._reader.read(self._bag.decode(message))
            frames = self._frames.get(number, 0)
            if not frames:
                return
            if image is None:
                raise VlaError("the video begins without a key frame")
            if image.ndim != 3:
                raise VlaError("holds depth images, a camera's colour is needed")
            fitted = fit_image(image, self._stream, self._camera)
        except VlaError as error:
            raise VlaError(f"{self._bag.files.path}: {message.topic}: {error}") from None
        for _ in range(frames):
            self._give(fitted)
