# SPDX-License-Identifier: Apache-2.0
"""One camera read in a thread of its own: it is lost, waited for with back-off, and found again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from controllers.errors import VlaError
from vla_ros.hardware.cameras.device_clock import DeviceClock
from vla_ros.hardware.cameras.stream import CameraStream, CapturedFrame, Optics

LOOK_S = 0.1  # [s] between two looks at whether to end
FIRST_FRAME_S = 5.0  # [s] that a camera may take until its first frame
SILENT_S = 1.0  # [s] without a frame after which it is lost
CLOSE_WITHIN_S = 3.0  # [s] that its SDK may take to give it back
BACK_OFF_S = (0.25, 4.0)  # [s] before the first new try and at most; each is twice the one before

Deliver = Callable[[float, CapturedFrame, Optics], None]  # stamp [s], the frame, its optics


class CameraReader:
    """Deliver a camera's frames from this thread. `fault` says in one line why there are none, or is empty."""

    def __init__(self, name: str, connect: Callable[[], CameraStream], deliver: Deliver) -> None:
        """Connect at once. Raises what `connect` raises: VlaError where the camera is not there or cannot do that."""
        self.fault = ""
        self.frames = 0  # delivered since the start
        self.latency = float("nan")  # [s] from exposure to arrival, of the newest
        self._name, self._connect, self._deliver = name, connect, deliver
        self._clock = DeviceClock()
        self._ending = threading.Event()
        self._stream: CameraStream | None = connect()
        self._thread = threading.Thread(target=self._run, name=f"camera {name}", daemon=True)

    @property
    def dropped(self) -> int:
        """Count frames that were repeated, reordered or old."""
        return self._clock.dropped

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def close(self) -> None:
        """End the thread and let go of the camera; `fault` says where its SDK keeps the thread."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_WITHIN_S)
        if self._thread.is_alive():  # the camera is that thread's: it lets go of it once the SDK returns
            self.fault = f"camera '{self._name}': its SDK does not return: unplug it, or start the node anew"
            return
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _run(self) -> None:
        try:
            self._read_until_ended()
        finally:  # an error that nobody expected ends this camera, but not unsaid
            if not self._ending.is_set():
                self.fault = f"camera '{self._name}': reading it ended with an error, see the log: start the node anew"

    def _read_until_ended(self) -> None:
        wait = BACK_OFF_S[0]
        while not self._ending.is_set():
            try:
                if self._stream is None:
                    self._stream = self._connect()
                    self._clock.restart()
                if self._read_until_lost(self._stream):
                    wait = BACK_OFF_S[0]
            except VlaError as error:
                self.fault = str(error)
            if self._stream is not None:
                self._stream.close()
                self._stream = None
            self._ending.wait(wait)
            wait = min(2.0 * wait, BACK_OFF_S[1])

    def _read_until_lost(self, stream: CameraStream) -> bool:
        """Deliver until the end or until the camera is lost, and return whether it gave any frame."""
        began, dropped, heard = time.monotonic(), self.dropped, False
        while not self._ending.is_set():
            try:
                frame = stream.read(LOOK_S)
            except VlaError as error:
                self.fault = str(error)
                return heard
            if self._ending.is_set():  # it took long, and nobody waits for the frame any more
                break
            stamp = None if frame is None else self._clock.stamp(frame.stamp, frame.host_clock, frame.arrival)
            if frame is not None and stamp is not None:
                self.latency = frame.arrival.system - stamp
                self._deliver(stamp, frame, stream.optics)
                self.frames += 1
                began, dropped, heard, self.fault = time.monotonic(), self.dropped, True, ""
                continue
            silent = SILENT_S if heard else FIRST_FRAME_S
            if time.monotonic() - began > silent:
                came = dropped != self.dropped
                why = "those that came were old or repeated" if came else "check its cable and USB port"
                self.fault = f"camera '{self._name}': no frame for {silent:g} s: {why}"
                return heard
        return heard
