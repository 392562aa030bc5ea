# SPDX-License-Identifier: Apache-2.0
"""A camera's reader, whoever made the camera: when it tries again, and what it says."""

from __future__ import annotations

import itertools
import threading
import time
from types import SimpleNamespace

import pytest
from eventually import eventually

from controllers.errors import VlaError
from vla_ros.hardware.cameras import reader as reader_module
from vla_ros.hardware.cameras.device_clock import Arrival
from vla_ros.hardware.cameras.reader import CameraReader


class Stream:
    """A camera of so many frames, which is lost after them."""

    optics = None

    def __init__(self, frames: int) -> None:
        self.left, self.closed = frames, False

    def read(self, timeout: float) -> object:
        if not self.left:
            raise VlaError("camera 'front' is gone")
        self.left -= 1
        time.sleep(0.005)
        return SimpleNamespace(stamp=time.time(), host_clock=True, arrival=Arrival.now())

    def close(self) -> None:
        self.closed = True


def read(streams, deliver=lambda stamp, frame, optics: None) -> CameraReader:
    """Return a reader of streams one after the other; an error instead of one is raised."""
    left = iter(streams)

    def connect() -> Stream:
        stream = next(left)
        if isinstance(stream, VlaError):
            raise stream
        return stream

    reader = CameraReader("front", connect, deliver)
    reader.start()
    return reader


def test_a_lost_camera_is_tried_again_ever_more_seldom_and_goes_on():
    tried: list[float] = []

    class Absent(VlaError):
        def __str__(self) -> str:
            tried.append(time.monotonic())
            return "camera 'front' is unplugged"

    first, last = Stream(3), Stream(10**6)
    began = time.monotonic()
    reader = read([first, Absent(), Absent(), last])
    assert eventually(lambda: reader.fault == "camera 'front' is unplugged", 10.0)
    assert first.closed
    assert eventually(lambda: reader.frames > 20 and not reader.fault, 20.0)
    waits = [tried[0] - began, tried[1] - tried[0]]
    assert waits[0] >= 0.25
    assert waits[1] >= 0.5
    reader.close()
    assert last.closed
    count = reader.frames
    time.sleep(0.1)
    assert reader.frames == count


def test_a_camera_that_is_not_there_at_the_start_is_refused_at_once():
    with pytest.raises(VlaError, match="nobody there"):
        read([VlaError("nobody there")])


def test_a_frame_that_cannot_be_converted_is_a_fault_and_the_camera_is_connected_anew():
    failing = [True]

    def deliver(stamp: float, frame: object, optics: object) -> None:
        if failing:
            failing.clear()
            raise VlaError("camera 'front': the SDK cannot align")

    first = Stream(10**6)
    reader = read([first, Stream(10**6)], deliver)
    assert eventually(lambda: reader.fault == "camera 'front': the SDK cannot align")
    assert eventually(lambda: reader.frames > 5 and not reader.fault)
    reader.close()
    assert first.closed


def test_frames_that_are_all_too_old_are_a_fault():
    class Old(Stream):
        late = 0.0

        def read(self, timeout: float) -> object:
            frame = super().read(timeout)
            frame.stamp -= self.late
            return frame

    stream, delivered = Old(10**6), []
    reader = read([stream, Stream(10**6)], lambda stamp, frame, optics: delivered.append(stamp))
    assert eventually(lambda: len(delivered) > 3)
    stream.late = 3.0
    assert eventually(lambda: "no frame for 1 s: those that came were old or repeated" in reader.fault)
    assert eventually(lambda: not reader.fault)
    reader.close()
    assert max(b - a for a, b in itertools.pairwise(delivered)) > 1.0
    assert sorted(delivered) == delivered


def test_a_camera_whose_sdk_does_not_return_is_left_to_its_thread(monkeypatch):
    monkeypatch.setattr(reader_module, "CLOSE_WITHIN_S", 0.2)
    entered, returns, delivered = threading.Event(), threading.Event(), []

    class Hung(Stream):
        def read(self, timeout: float) -> object:
            entered.set()
            assert returns.wait(60.0)
            return super().read(timeout)

    stream = Hung(10**6)
    reader = read([stream], lambda stamp, frame, optics: delivered.append(stamp))
    assert entered.wait(10.0)
    closing = threading.Thread(target=reader.close, daemon=True)
    closing.start()
    closing.join(20.0)
    assert not closing.is_alive()
    assert "its SDK does not return" in reader.fault
    assert not stream.closed, "one thread makes all calls"
    returns.set()
    assert eventually(lambda: stream.closed)
    assert delivered == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_expected_does_not_end_a_camera_unsaid():
    def deliver(stamp: float, frame: object, optics: object) -> None:
        raise ZeroDivisionError

    reader = read([Stream(10**6)], deliver)
    assert eventually(lambda: "reading it ended with an error" in reader.fault)
    reader.close()
