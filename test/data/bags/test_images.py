# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import cv2
import numpy as np
import pytest
from bags.bag_making import IMAGE, image

from vla_ros.data.bags.cdr import MessageCodec
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.image_compression import KEY_FRAME_EVERY, ImageCompressor
from vla_ros.data.bags.image_reading import ImageReader
from vla_ros.data.bags.message_definitions import JPEG, VIDEO

codec = MessageCodec()
codec.learn_installed(IMAGE, JPEG, VIDEO)


def picture(shift: int = 0, size: tuple[int, int] = (120, 160)) -> np.ndarray:
    """Return a smooth picture (H, W, 3) whose three colours differ, moved by `shift` pixels."""
    y, x = np.mgrid[: size[0], : size[1]]
    planes = [127 + 100 * np.sin((x + shift) / 17.0), 60 + y, 200 - (x + shift) % 160]
    return np.clip(np.stack(planes, axis=2), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("form", ["jpeg", "h264"])
def test_a_compressed_image_comes_back_nearly_as_it_was_at_its_own_time(form):
    compressor, reader = ImageCompressor(form), ImageReader({"jpeg": JPEG, "h264": VIDEO}[form])
    for number in range(KEY_FRAME_EVERY + 5):
        raw = image(12.25 + number, picture(number))
        data = compressor.compress(raw)
        assert len(data) < 0.4 * len(raw)
        message = codec.decode(compressor.type, data)
        stamp = message.header.stamp if form == "jpeg" else message.timestamp
        assert (stamp.sec, stamp.nanosec) == (12 + number, 250_000_000)
        read = reader.read(message)  # each frame by itself: none waits for the next
        assert read.shape == (120, 160, 3)
        assert np.abs(read.astype(int) - picture(number)).mean() < 6.0


def test_a_jpeg_is_named_as_image_transport_names_it():
    for encoding, pixels in (("rgb8", picture()), ("bgr8", picture()), ("mono8", picture()[..., 0])):
        message = codec.decode(
            JPEG, ImageCompressor("jpeg").compress(image(0.0, np.ascontiguousarray(pixels), encoding))
        )
        stored = "mono8" if encoding == "mono8" else "bgr8"
        assert message.format == f"{encoding}; jpeg compressed {stored}"
        assert message.header.frame_id == "front_color_optical_frame"
    decoded = cv2.imdecode(message.data, cv2.IMREAD_UNCHANGED)
    assert decoded.shape == (120, 160)


def test_bgr_and_rgb_mean_the_same_picture():
    for form in ("jpeg", "h264"):
        rgb, bgr = ImageCompressor(form), ImageCompressor(form)
        a = ImageReader(rgb.type).read(codec.decode(rgb.type, rgb.compress(image(0.0, picture()))))
        swapped = np.ascontiguousarray(picture()[..., ::-1])
        b = ImageReader(bgr.type).read(codec.decode(bgr.type, bgr.compress(image(0.0, swapped, "bgr8"))))
        assert np.abs(a.astype(int) - b).mean() < 2.0


def test_a_video_can_be_entered_at_each_key_frame():
    compressor, reader = ImageCompressor("h264"), ImageReader(VIDEO)
    frames = [codec.decode(VIDEO, compressor.compress(image(0.0, picture(i)))) for i in range(2 * KEY_FRAME_EVERY)]
    middle = KEY_FRAME_EVERY - 3
    read = [reader.read(frame) for frame in frames[middle:]]
    assert all(image is None for image in read[:3])
    assert all(image is not None for image in read[3:])
    assert np.abs(read[-1].astype(int) - picture(2 * KEY_FRAME_EVERY - 1)).mean() < 6.0


def test_a_video_goes_on_when_the_images_change_their_size():
    compressor, reader = ImageCompressor("h264"), ImageReader(VIDEO)
    for size in ((120, 160), (60, 81), (60, 81)):
        data = compressor.compress(image(0.0, picture(0, size)))
        read = reader.read(codec.decode(VIDEO, data))
    assert read.shape == (60, 80, 3)  # H.264 has even edges


def test_depth_is_left_alone():
    assert not ImageCompressor.takes(image(0.0, np.zeros((4, 6), np.uint16), "16UC1"))
    assert ImageCompressor.takes(image(0.0, picture()))
    assert not ImageCompressor.takes(b"\0\1\0\0none")


def test_images_are_read_with_padded_rows_and_depth_in_metres():
    depth = np.arange(24, dtype=np.uint16).reshape(4, 6)
    read = ImageReader(IMAGE).read(codec.decode(IMAGE, image(0.0, depth, "16UC1")))
    np.testing.assert_allclose(read, depth * 0.001)
    message = codec.decode(IMAGE, image(0.0, picture()))
    message.step = 512
    message.data = np.pad(picture().reshape(120, 480), ((0, 0), (0, 32))).ravel()
    np.testing.assert_array_equal(ImageReader(IMAGE).read(message), picture())
    compressed = ImageCompressor("jpeg").compress(codec.encode(IMAGE, message))
    again = ImageReader(JPEG).read(codec.decode(JPEG, compressed))
    assert np.abs(again.astype(int) - picture()).mean() < 6.0


def test_a_torn_image_is_refused():
    message = codec.decode(IMAGE, image(0.0, picture()))
    message.data = message.data[:100]
    torn = codec.encode(IMAGE, message)
    with pytest.raises(BagError, match="image 160x120 rgb8 has 100 bytes: not whole"):
        ImageCompressor("jpeg").compress(torn)
    with pytest.raises(BagError, match="has only 100 bytes"):
        ImageReader(IMAGE).read(message)
