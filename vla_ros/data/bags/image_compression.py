# SPDX-License-Identifier: Apache-2.0
"""Colour images as JPEG or H.264 on their way into a bag. Depth stays as it is: neither keeps millimetres."""

from __future__ import annotations

from typing import Any

import av
import cv2
import numpy as np
from av.video.frame import PictureType

from vla_ros.data.bags.cdr import MessageCodec
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.message_definitions import JPEG, VIDEO

FORMS = ("raw", "jpeg", "h264")
IMAGE = "sensor_msgs/msg/Image"
TYPES, SUFFIXES = {"jpeg": JPEG, "h264": VIDEO}, {"jpeg": "/compressed", "h264": "/h264"}
JPEG_QUALITY = 90
KEY_FRAME_EVERY = 30  # frames: a bag that is cut or torn loses no more of the video
_CHANNELS = {"rgb8": 3, "bgr8": 3, "mono8": 1, "8UC3": 3, "8UC1": 1}
_PIXELS = {"rgb8": "rgb24", "bgr8": "bgr24", "8UC3": "bgr24", "mono8": "gray", "8UC1": "gray"}


class ImageCompressor:
    """Compress the images of one topic."""

    def __init__(self, form: str) -> None:
        """`form` is jpeg or h264."""
        self.form, self.type, self.suffix = form, TYPES[form], SUFFIXES[form]
        self._codec = MessageCodec()
        self._codec.learn_installed(IMAGE, self.type)
        self._encoder: Any = None
        self._shape: tuple[int, int, str] = (0, 0, "")  # height, width, pixel format
        self._frames = 0

    @staticmethod
    def takes(data: bytes) -> bool:
        """Say whether an image, as CDR, is one that can be compressed: colour or grey with 8 bits."""
        codec = MessageCodec()
        codec.learn_installed(IMAGE)
        try:
            return codec.decode(IMAGE, data).encoding in _CHANNELS
        except BagError:
            return False

    def compress(self, data: bytes) -> bytes:
        """Return a raw image's CDR as CDR of `type`. Raises BagError for an image that is not whole."""
        image = self._codec.decode(IMAGE, data)
        pixels = _rows(image)
        if self.form == "jpeg":
            return self._codec.encode(
                JPEG,
                self._codec.make(
                    JPEG,
                    header=image.header,
                    # As image_transport says it, whose decoder then gives back the encoding that was there.
                    format=f"{image.encoding}; jpeg compressed {'mono8' if pixels.ndim == 2 else 'bgr8'}",
                    data=_jpeg(pixels, image.encoding),
                ),
            )
        message = self._codec.make(
            VIDEO,
            timestamp=image.header.stamp,
            frame_id=image.header.frame_id,
            data=np.frombuffer(self._h264(pixels, image.encoding), np.uint8),
            format="h264",
        )
        return self._codec.encode(VIDEO, message)

    def _h264(self, pixels: np.ndarray, encoding: str) -> bytes:
        """Return one frame in Annex B; nothing waits for a later one."""
        even = pixels[: pixels.shape[0] & ~1, : pixels.shape[1] & ~1]
        shape = (*even.shape[:2], _PIXELS[encoding])
        if shape != self._shape:
            self._encoder, self._shape, self._frames = _encoder(even.shape[1], even.shape[0]), shape, 0
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format=shape[2])
        frame.pts = self._frames
        frame.pict_type = PictureType.I if self._frames % KEY_FRAME_EVERY == 0 else PictureType.NONE
        self._frames += 1
        return b"".join(bytes(packet) for packet in self._encoder.encode(frame))


def _encoder(width: int, height: int) -> Any:
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate, encoder.gop_size, encoder.max_b_frames = 30, KEY_FRAME_EVERY, 0
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "crf": "20",
        "threads": "1",
        "x264-params": "repeat-headers=1:annexb=1:force-cfr=1",
    }
    return encoder


def _jpeg(pixels: np.ndarray, encoding: str) -> np.ndarray:
    if encoding == "rgb8":
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise BagError(f"an image of shape {pixels.shape} cannot be compressed")
    return data.ravel()


def _rows(image: Any) -> np.ndarray:
    """Return the pixels (H, W, 3) or (H, W) of an image message, without the padding of its rows."""
    channels = _CHANNELS.get(image.encoding, 0)
    used = image.width * channels
    if not channels or image.step < used or len(image.data) < image.step * image.height or not image.height * used:
        raise BagError(f"image {image.width}x{image.height} {image.encoding} has {len(image.data)} bytes: not whole")
    rows = image.data[: image.step * image.height].reshape(image.height, image.step)[:, :used]
    return (
        np.ascontiguousarray(rows).reshape(image.height, image.width, channels).squeeze(axis=2 if channels == 1 else ())
    )
