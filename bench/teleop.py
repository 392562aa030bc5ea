# SPDX-License-Identifier: Apache-2.0
"""What an operator's bridge costs and how late it is: a simulated hand on the real graph, two cameras in view."""

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
from pathlib import Path

import numpy as np
import psutil
from rig.nodes import NodeUnderTest, Operator
from rig.own_domain import on_own_domain

from bench.figures import add_json_argument, report
from controllers.errors import ConfigError, VlaError
from vla_ros import messages
from vla_ros.teleop.protocol import HandSample
from vla_ros.teleop.serving.pairing import keep_token
from vla_ros.teleop.simulated_hand.connection import Connection

PACKET_S = 1.0 / 72.0  # a headset's display
TOKEN = "token-of-the-benchmark"
UNTURNED = (0.0, 0.0, 0.0, 1.0)
CLUTCH_EVERY_S, OPEN_S = 3.0, 0.3
READY_S = 90.0
REPORTED = ("command_ms", "tick_ms", "tick_p95_ms", "sent_ms", "sent_p95_ms")  # by the bridge, once a second


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
    """What the hand did: clutched packets, clutches, pictures seen; how long a ping took [s]."""

    packets: int = 0
    clutches: int = 0
    trips: list[float] = field(default_factory=list)
    pictures: int = 0
    done: bool = False
    failure: BaseException | None = None


def measure(seconds: float) -> dict[str, float]:
    """Return latencies [ms], cores and rates of a drive of `seconds`."""
    with operated_graph() as (operator, bridge, control, link):
        idle = _cores(bridge, 5.0, operator)
        operator.enable_at_rest()
        control_idle = _cores(control, 5.0, operator)
        operator.transitions.clear()
        drive = Drive()
        thread = threading.Thread(target=_drive_in_thread, args=(link, seconds, drive), daemon=True)
        began, spent, control_spent = time.monotonic(), _spent(bridge), _spent(control)
        thread.start()
        reported: list[dict[str, str]] = []  # one a second, of its last few
        while not drive.done and time.monotonic() - began < seconds + 30.0:
            operator.spin(1.0)
            reported.append(operator.diagnostics["bridge"])
        elapsed = time.monotonic() - began
        cores, control_cores = (_spent(bridge) - spent) / elapsed, (_spent(control) - control_spent) / elapsed
        if drive.failure is not None:
            raise VlaError(f"the drive failed: {drive.failure}")
    return {
        "packets": float(drive.packets),
        "clutches": float(drive.clutches),
        **{
            name: _median(reported, name) for name in ("command_ms", "tick_ms", "tick_p95_ms", "sent_ms", "sent_p95_ms")
        },
        "trip_ms": 1e3 * float(np.median(drive.trips)),
        "pictures_per_s": drive.pictures / seconds,
        "cores_idle": idle,
        "cores_driving": cores,
        "control_cores_idle": control_idle,
        "control_cores_driving": control_cores,
        "chunks": float(sum(transition.level != messages.WARN for transition in operator.transitions)),
        "refused_chunks": float(sum(transition.level == messages.WARN for transition in operator.transitions)),
    }


def _median(reported: list[dict[str, str]], name: str) -> float:
    values = [float(values[name]) for values in reported if values.get(name)]
    return float(np.median(values)) if values else float("nan")


@contextlib.contextmanager
def operated_graph() -> Iterator[tuple[Operator, psutil.Process, psutil.Process, str]]:
    """Run a robot with its cameras and a bridge; yield who looks on, the bridge's and control's process, the link."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        given = {"autostart": True, "use_sim_time": True}
        keep_token(Path(folder), TOKEN)
        nodes = [
            NodeUnderTest("sim", seed=1),
            *(NodeUnderTest(name, use_sim_time=True) for name in ("state", "control", "guard")),
            NodeUnderTest("camera", source="sim", seed=1, **given),
            NodeUnderTest("vr_bridge", port=port, folder=folder, **given),
        ]
        operator = Operator()
        try:
            ready = operator.ready() and operator.spin_until(lambda: "bridge" in operator.diagnostics, READY_S)
            if not ready:
                raise VlaError(f"the graph is not ready after {READY_S:g} s")
            control, bridge = (psutil.Process(n.process.pid) for n in nodes if n.name in ("control", "vr_bridge"))
            yield operator, bridge, control, f"http://127.0.0.1:{port}/?token={TOKEN}"
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
            drive.packets += clutch
            drive.clutches += clutch and not was
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


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _cores(process: psutil.Process, seconds: float, operator: Operator) -> float:
    before, began = _spent(process), time.monotonic()
    operator.spin(seconds)
    return (_spent(process) - before) / (time.monotonic() - began)
