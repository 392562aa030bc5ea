# SPDX-License-Identifier: Apache-2.0
"""A CAN bus between processes over a Unix socket, for machines without vcan: python-can's interface `unix_can`.

A channel is the path of a socket. One process owns it, as a device does at the end of a cable; the others are a
computer's programs, which hear the device and not each other.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from pathlib import Path
from typing import Any, NamedTuple

import can

FRAME = struct.Struct("=IB3x8sd")  # the kernel's can_frame, and when it was put on the bus [s] of the wall clock


WANTED = 1 << 31  # in an identifier: a filter, no frame


class Frame(NamedTuple):
    """A CAN frame of up to eight bytes."""

    identifier: int
    data: bytes


class UnixCanBus(can.BusABC):
    """A program's end."""

    def __init__(self, channel: str, can_filters: Any = None, **kwargs: Any) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._socket.connect(channel)
        except OSError as error:
            self._socket.close()
            self._is_shutdown = True
            raise can.CanInitializationError(f"nobody is at {channel}: {error}") from error
        self.channel_info = f"unix_can {channel}"
        super().__init__(channel, can_filters=can_filters, **kwargs)

    def _apply_filters(self, filters: Any) -> None:
        """Have the other end send what is wanted alone, as the kernel gives a CAN socket no more."""
        for one in filters or ():
            self._socket.send(FRAME.pack(one["can_id"] | WANTED, 0, b"", 0.0))

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        if not select.select([self._socket], [], [], timeout)[0]:
            return None, False
        packet = self._socket.recv(FRAME.size)
        if not packet:  # an unplugged cable is silence, no error
            time.sleep(timeout or 0.0)
            return None, False
        identifier, length, data, stamp = FRAME.unpack(packet)
        message = can.Message(stamp, identifier, is_extended_id=False, data=data[:length], channel=self.channel_info)
        return message, False

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        packet = FRAME.pack(msg.arbitration_id, msg.dlc, bytes(msg.data), time.time())
        try:
            self._socket.send(packet, socket.MSG_DONTWAIT)
        except OSError as error:
            raise can.CanOperationError(f"not sent: {error}") from error

    def shutdown(self) -> None:
        super().shutdown()
        self._socket.close()


class UnixCanDevice:
    """The device's end: it hears every program, and every program hears it."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listening.bind(str(path))
        self._listening.listen()
        self._programs: dict[socket.socket, set[int]] = {}  # what each wants; empty: all

    def receive(self, timeout: float, *also: Any) -> tuple[list[Frame], list[Any]]:
        """Return what came within `timeout` [s], and which of the files in `also` can be read."""
        ready, _, _ = select.select([self._listening, *self._programs, *also], [], [], max(0.0, timeout))
        frames = []
        for end in ready:
            if end is self._listening:
                self._programs[self._listening.accept()[0]] = set()
            elif end in self._programs:
                packet = b""
                with contextlib.suppress(ConnectionResetError):
                    packet = end.recv(FRAME.size)
                if not packet:
                    del self._programs[end]
                    end.close()
                    continue
                identifier, length, data, _ = FRAME.unpack(packet)
                if identifier & WANTED:
                    self._programs[end].add(identifier & ~WANTED)
                    continue
                frames.append(Frame(identifier, data[:length]))
        return frames, [file for file in also if file in ready]

    def send(self, frames: list[Frame]) -> None:
        """Put frames on the bus; a program that does not read loses them, as a full CAN socket does."""
        for frame in frames:
            packet = FRAME.pack(frame.identifier, len(frame.data), frame.data, time.time())
            for program, wanted in self._programs.items():
                if wanted and frame.identifier not in wanted:
                    continue
                with contextlib.suppress(OSError):
                    program.send(packet, socket.MSG_DONTWAIT)
