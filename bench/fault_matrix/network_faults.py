# SPDX-License-Identifier: Apache-2.0
"""A remote policy's network is out, or its server dies and comes back: the arm is held, and the job goes on.

The server is a `vla serve` of its own, behind a network of 300 ms ± 150 ms in every cell. On a machine that is slower
than real time an outage lasts longer, so that it is of its length for the simulated arm; latency and time-outs are not
stretched.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from free_port import free_port
from rig.arm_observer import ArmObserver
from rig.launched_job import LaunchedJob

from bench.fault_matrix.cell import Cell
from bench.fault_matrix.node_faults import HELD, HELD_M, SITUATIONS
from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from vla_ros.launching.environment import module_environment
from vla_ros.policies.remote.network import Network
from vla_ros.serving.network_relay import NetworkRelay

NETWORK = Network(0.3, 0.15)
POLICY, SEED = "geometric", 3
OUTAGES = {"1 s outage": 1.0, "5 s outage": 5.0}  # [s] of simulated time
RESTART = "SIGKILL server, started again"
# What the policy's diagnostics say of a chunk that does not come.
NAMED = ("inference takes", "no reply within", "nobody answers", "no connection", "connection is lost")
START_S, BACK_S, JOB_S = 120.0, 60.0, 240.0  # [s] in which each must have happened on a loaded machine
REST_MAX_S = 1.5  # [s] of simulated time: what is left of the last chunk, and the way to rest


class Server:
    """`vla serve` in a process of its own, always at the same port."""

    def __init__(self, policy: str = POLICY) -> None:
        """Start it with a policy's family."""
        self._policy, self.port = policy, free_port()
        self.start()

    def start(self) -> None:
        """Start it; it listens some seconds later."""
        command = [sys.executable, "-m", "vla_ros.cli", "serve", self._policy, "--port", str(self.port)]
        self._process = subprocess.Popen(
            command, env=module_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def wait(self) -> None:
        """Return when it listens."""
        assert self._process.stdout is not None
        late = threading.Timer(START_S, self._process.kill)
        late.start()
        said = self._process.stdout.readline()
        late.cancel()
        if "is served" not in said:
            raise RuntimeError(f"vla serve does not start: {said!r}")

    @property
    def processor_s(self) -> float:
        """Return the processor time that it has taken so far [s]."""
        times = psutil.Process(self._process.pid).cpu_times()
        return times.user + times.system

    def kill(self) -> None:
        """End it without a warning."""
        self._process.kill()
        self._process.wait()


def names() -> Iterator[tuple[str, str]]:
    """Yield the cells: fault and situation."""
    for fault in (*OUTAGES, RESTART):
        for situation in ("approach", "in hand"):
            yield fault, situation


def run(fault: str, situation: str, limits: ArmLimits, model: ArmModel) -> Cell:
    """Run the job with a remote policy, break its network in the situation, see that it goes on and succeeds."""
    cell, server = Cell(fault, situation), Server()
    relay = NetworkRelay(NETWORK, "127.0.0.1", server.port, seed=SEED)
    with tempfile.TemporaryDirectory(prefix="vla_faults_") as folder:
        job: LaunchedJob | None = None
        try:
            server.wait()
            url = f"url:=ws://localhost:{relay.port}"
            job = LaunchedJob(Path(folder), f"seed:={SEED}", "policy:=remote", url)
            launched = job
            job.arm.spin_until(lambda: bool(launched.arm.stamps), START_S)
            first = time.monotonic(), len(job.arm.stamps)
            reached = job.arm.spin_until(
                lambda: SITUATIONS[situation](launched) or launched.process.poll() is not None, START_S
            )
            if not reached or job.process.poll() is not None:
                cell.problems.append(f"never came so far: {job.output.splitlines()[-1:]}")
                return cell
            since = job.arm.stamps[-1]
            simulated = since - job.arm.stamps[first[1] - 1]
            rate = min(1.0, simulated / (time.monotonic() - first[0]))  # of simulated time
            job.arm.complaints.clear()
            if fault == RESTART:
                server.kill()
                server.start()
            else:
                relay.cut(OUTAGES[fault] / rate)
            _judge(cell, job, since, limits, model)
            cell.outcome += f" ({rate:.2f} of real time before)"
        finally:
            relay.close()
            server.kill()
            if job is not None:
                job.close()
    return cell


def _judge(cell: Cell, job: LaunchedJob, since: float, limits: ArmLimits, model: ArmModel) -> None:
    arm = job.arm
    held = arm.spin_until(lambda: bool(arm.progress.hold_reason) and arm.rest_began < float("inf"), BACK_S)
    rest_s, last, paused = max(0.0, arm.rest_began - since), arm.progress.sequence, arm.stamps[-1]
    in_hand = _height(arm)
    back = arm.spin_until(lambda: arm.progress.moving and arm.progress.sequence > last, BACK_S)
    paused = arm.stamps[-1] - paused
    told = set(arm.complaints)
    code = job.finish(JOB_S)
    cell.judge_motion(arm, since, limits, model)
    cell.rest_s = rest_s
    outcome = re.findall(r"^vla: .*", job.output, re.MULTILINE)
    cell.outcome = f"stands {paused:.1f} s, goes on; {'success' if code == 0 else outcome[-1:]}"
    cell.require(held, "the arm was not held")
    cell.require(rest_s <= REST_MAX_S, f"{rest_s:.2f} s until rest")
    cell.require(back, "no chunk came any more")
    cell.require(any(word in text for text in told for word in HELD), f"nobody says that it is held: {sorted(told)}")
    named = [text for text in told if text.startswith("policy: ") and any(word in text for word in NAMED)]
    cell.require(bool(named), f"the policy does not say why: {sorted(told)}")
    cell.require(code == 0, f"exit code {code}: {job.report.get('cause') or outcome[-1:]}")
    cell.require("Traceback" not in job.output, "a trace-back in the log")
    if cell.situation == "in hand":
        cell.require(in_hand > HELD_M, f"the object fell (now {100 * in_hand:.0f} cm up)")


def _height(arm: ArmObserver) -> float:
    """Return how far the highest object has been lifted [m]."""
    if arm.heights is None or arm.lowest is None:
        return 0.0
    return float((arm.heights - arm.lowest).max())
