# SPDX-License-Identifier: Apache-2.0
"""What an operator's bridge costs and how late it is: a scripted hand on the real graph, two cameras in view."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import psutil

from bench.figures import add_json_argument, report
from bench.rig.nodes import NodeUnderTest, Operator
from bench.rig.own_domain import on_own_domain
from controllers.errors import ConfigError, VlaError
from vla_ros import messages
from vla_ros.teleop.demonstrator.connection import Connection
from vla_ros.teleop.protocol import HandSample

PACKET_S = 1.0 / 72.0  # a headset's display
TOKEN = "token-of-the-benchmark"
UNTURNED = (0.0, 0.0, 0.0, 1.0)
CLUTCH_EVERY_S, OPEN_S = 3.0, 0.3
READY_S = 90.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench teleop`."""
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the drive [s] (default 30)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print a table, write the JSON file."""
    if not arguments.seconds >= 5.0:
        raise ConfigError("bench teleop: --seconds must be at least 5")
    report(on_own_domain(measure, arguments.seconds), arguments.json)
    return 0


@dataclass
class Drive:
    """What the hand did: when each clutched packet was sent [s, monotonic], and how long a ping took [s]."""

    sent: list[float] = field(default_factory=list)
    trips: list[float] = field(default_factory=list)
    pictures: int = 0
    first: list[int] = field(default_factory=list)  # index of the first packet of each clutch
    done: bool = False
    failure: BaseException | None = None


def measure(seconds: float) -> dict[str, float]:
    """Return latencies [ms], cores and rates of a drive of `seconds`."""
    with operated_graph() as (operator, bridge, link):
        idle = _cores(bridge, 5.0, operator)
        operator.enable_at_rest()
        operator.seams.clear()
        drive = Drive()
        thread = threading.Thread(target=_drive_in_thread, args=(link, seconds, drive), daemon=True)
        began, spent = time.monotonic(), _spent(bridge)
        thread.start()
        operator.spin_until(lambda: drive.done, seconds + 30.0)
        cores = (_spent(bridge) - spent) / (time.monotonic() - began)
        operator.spin(1.0)
        if drive.failure is not None:
            raise VlaError(f"the drive failed: {drive.failure}")
        reported = operator.diagnostics["bridge"]
        ticks = _send_to_tick(drive, operator)
    return {
        "packets": float(len(drive.sent)),
        "clutches": float(len(drive.first)),
        "measured_packets": float(len(ticks)),
        "packet_to_chunk_ms": float(reported["command_ms"]),
        "packet_to_tick_ms": float(reported["tick_ms"]),
        "sent_to_tick_median_ms": 1e3 * float(np.median(ticks)),
        "sent_to_tick_p95_ms": 1e3 * float(np.percentile(ticks, 95)),
        "sent_to_tick_max_ms": 1e3 * float(np.max(ticks)),
        "trip_median_ms": 1e3 * float(np.median(drive.trips)),
        "pictures_per_s": drive.pictures / seconds,
        "cores_idle": idle,
        "cores_driving": cores,
        "refused_chunks": float(sum(seam.level == messages.WARN for seam in operator.seams)),
    }


@contextlib.contextmanager
def operated_graph() -> Iterator[tuple[Operator, psutil.Process, str]]:
    """Run a robot with its cameras and a bridge; yield who looks on, the bridge's process and the link."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        given = {"autostart": True, "use_sim_time": True}
        nodes = [
            NodeUnderTest("sim", seed=1),
            *(NodeUnderTest(name, use_sim_time=True) for name in ("state", "control", "guard")),
            NodeUnderTest("camera", source="sim", seed=1, **given),
            NodeUnderTest("vr_bridge", port=port, token=TOKEN, folder=folder, **given),
        ]
        operator = Operator()
        try:
            ready = operator.ready() and operator.spin_until(lambda: "bridge" in operator.diagnostics, READY_S)
            if not ready:
                raise VlaError(f"the graph is not ready after {READY_S:g} s")
            yield operator, psutil.Process(nodes[-1].process.pid), f"http://127.0.0.1:{port}/?token={TOKEN}"
        finally:
            for node in nodes:
                node.kill()
            operator.close()


def _drive_in_thread(link: str, seconds: float, drive: Drive) -> None:
    try:
        asyncio.run(_drive(link, seconds, drive))
    except BaseException as error:
        drive.failure = error
    drive.done = True


async def _drive(link: str, seconds: float, drive: Drive) -> None:
    """Draw a figure-eight with tremor, clutching anew now and then."""
    async with Connection(link, "bench") as page:
        await page.until(lambda: len(page.pictures) == 2)
        before = sum(page.pictures.values())
        began = due = time.monotonic()
        was = False
        while (elapsed := time.monotonic() - began) < seconds:
            clutch = elapsed % CLUTCH_EVERY_S > OPEN_S
            sample = HandSample(tuple(_hand(elapsed).tolist()), UNTURNED, clutch, 0.0)
            if clutch and not was:
                drive.first.append(len(drive.sent))
            if clutch:
                drive.sent.append(time.monotonic())
            was = clutch
            await page.hands({"right": sample})
            if len(drive.trips) < elapsed:  # one a second
                drive.trips.append(await page.ping())
            due = max(due + PACKET_S, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
        drive.pictures = sum(page.pictures.values()) - before


def _hand(time: float) -> np.ndarray:
    """Return a figure-eight in 4 s, 20 cm wide, with a millimetre of tremor at 8 to 12 Hz (3,) [m]."""
    phase = 2.0 * np.pi * time
    eight = np.array([0.1 * np.sin(phase / 4.0), 0.05 * np.sin(phase / 2.0), 0.0])
    return eight + 1e-3 * np.sin(phase * np.array([8.3, 9.7, 11.9]))


def _send_to_tick(drive: Drive, operator: Operator) -> np.ndarray:
    """Return how long packets took to the first tick that follows them [s].

    Every packet of a clutch makes one chunk; a clutch of which a packet came too late to make one is left out.
    """
    seams = [messages.diagnostic_values(seam) for seam in operator.seams if seam.level != messages.WARN]
    ours = np.array(
        [(int(seam["sequence"]), float(seam["takes_over"])) for seam in seams if seam["source"] == "teleop"]
    )
    times: list[np.ndarray] = []
    for sent in np.split(np.array(drive.sent), drive.first[1:]):
        made = ours[(ours[:, 1] > sent[0]) & (ours[:, 1] < sent[-1] + OPEN_S)]
        if len(made) and int(made[-1, 0] - made[0, 0]) + 1 == len(sent):
            times.append(made[:, 1] - sent[(made[:, 0] - made[0, 0]).astype(int)])
    if not times:
        raise VlaError("packets of every clutch came too late to make a chunk: this machine is too busy to measure")
    return np.concatenate(times)


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _cores(process: psutil.Process, seconds: float, operator: Operator) -> float:
    before, began = _spent(process), time.monotonic()
    operator.spin(seconds)
    return (_spent(process) - before) / (time.monotonic() - began)
