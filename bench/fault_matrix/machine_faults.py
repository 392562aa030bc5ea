# SPDX-License-Identifier: Apache-2.0
"""The machine itself fails: no room on the disk, no time on the processor, no launcher, no recorder; and the e-stop."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rig.arm_observer import ArmObserver
from rig.launched_job import END_TIMEOUT_S, LaunchedJob
from rig.nodes import ASKINGS, Operator, start_arm

from bench.fault_matrix.cell import Cell
from bench.fault_matrix.node_faults import JOB, NODES, REST_MAX_S
from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel

DISK = "size=300k"  # less than a film needs
BUSY = "while True: pass"
STARVING = 3  # busy processes a core
STARVED_END_S = 450.0  # [s] a job among them may take: a quarter of the processors is its own
ESTOP_MAX_S = 0.3  # [s] of simulated time from the message to rest
ESTOPS = 5
LEFT_MAX_S = 8.0  # [s] after the launcher was killed until nothing of it is left
FAST = 0.5  # [rad/s] of the fastest joint that a stop must begin with


def names() -> Iterator[tuple[str, str]]:
    """Yield the cells: fault and situation."""
    yield "full disk", "whole job"
    yield "starved processor", "whole job"
    yield "e-stop", "at full speed"
    yield "SIGKILL launcher", "approach"
    yield "SIGKILL recorder", "coming up"


def run(fault: str, situation: str, limits: ArmLimits, model: ArmModel) -> Cell:
    """Run one cell."""
    cell = Cell(fault, situation)
    faults: dict[str, Callable[[Cell, ArmLimits, ArmModel], None]] = {
        "full disk": _full_disk,
        "starved processor": _starved,
        "e-stop": _estop,
        "SIGKILL launcher": _launcher_killed,
        "SIGKILL recorder": _recorder_killed,
    }
    faults[fault](cell, limits, model)
    return cell


def _full_disk(cell: Cell, limits: ArmLimits, model: ArmModel) -> None:
    with tempfile.TemporaryDirectory(prefix="vla_faults_") as folder:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", folder], capture_output=True, check=False
        )
        if mounted.returncode != 0:
            cell.skipped = f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}"
            return
        try:
            _whole_job(cell, Path(folder), limits, model)
        finally:
            subprocess.run(["umount", "-l", folder], check=False)


def _starved(cell: Cell, limits: ArmLimits, model: ArmModel) -> None:
    count = STARVING * len(os.sched_getaffinity(0))
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        with tempfile.TemporaryDirectory(prefix="vla_faults_") as folder:
            _whole_job(cell, Path(folder), limits, model, STARVED_END_S)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    cell.outcome = f"{count} busy processes: {cell.outcome}"


def _whole_job(cell: Cell, folder: Path, limits: ArmLimits, model: ArmModel, within: float = END_TIMEOUT_S) -> None:
    """Run the job to its end, whatever that is: it must be said, and the arm must rest. It may take `within` [s]."""
    job = LaunchedJob(folder, *JOB)
    try:
        code = job.finish(within)
        cell.judge_motion(job.arm, 0.0, limits, model)
        cell.rest_s = float("nan")
        lines = [line for line in job.output.splitlines() if line.startswith("vla: ")]
        cell.outcome = lines[-1].removeprefix("vla: ").partition(";")[0] if lines else "?"
        cell.require(code in (0, 1), f"exit code {code}")
        cell.require(not job.left_running, "processes are left")
        cell.require("Traceback" not in job.output, "a trace-back in the log")
        cell.require(bool(job.arm.stamps) and job.arm.rest_began < job.arm.stamps[-1], "the arm is not at rest")
    finally:
        job.close()


def _launcher_killed(cell: Cell, limits: ArmLimits, model: ArmModel) -> None:
    """Nobody is left to stop anything in order, and yet the arm must rest before its driver goes."""
    with tempfile.TemporaryDirectory(prefix="vla_faults_") as folder:
        job = LaunchedJob(Path(folder), *JOB)
        try:
            job.wait_for_motion()
            pids = {name: job.pid(name) for name in NODES}
            since = job.arm.stamps[-1]
            job.process.kill()
            ended: dict[str, float] = {}

            def all_gone() -> bool:
                left = job.left_running
                for name, pid in pids.items():
                    if pid not in left:
                        ended.setdefault(name, time.monotonic())
                return not left

            cell.require(job.arm.spin_until(all_gone, LEFT_MAX_S), "processes are left")
            cell.judge_motion(job.arm, since, limits, model)
            cell.require(cell.rest_s <= REST_MAX_S["SIGKILL"], f"{cell.rest_s:.2f} s until rest")
            last = min(ended.get(name, float("inf")) for name in ("sim", "guard"))
            cell.require(
                ended.get("control", float("inf")) < last, "control did not end before the arm's driver and guard"
            )
            cell.outcome = (
                f"the arm came to rest; the simulator went {last - ended.get('control', last):.1f} s after control"
            )
        finally:
            job.close()


def _recorder_killed(cell: Cell, limits: ArmLimits, model: ArmModel) -> None:
    """The job must not wait for a recorder that is dead, and must not move without it."""
    with tempfile.TemporaryDirectory(prefix="vla_faults_") as folder:
        job = LaunchedJob(Path(folder), *JOB, f"record:={folder}/bag")
        try:
            job.arm.spin_until(lambda: job.runs("recorder") or job.process.poll() is not None, 30.0)
            job.kill("recorder")
            code = job.finish()
            cell.judge_motion(job.arm, 0.0, limits, model)
            cell.outcome = job.report["ended"]
            cell.require(code == 1, f"exit code {code}")
            cell.require("recorder died" in cell.outcome, "the recorder is not named")
            cell.require(not job.arm.progress.enabled, "control is enabled")
            cell.require(not job.left_running, "processes are left")
        finally:
            job.close()


def _estop(cell: Cell, limits: ArmLimits, model: ArmModel) -> None:
    """Stop the arm at the highest speed that the gate lets through, several times; the worst counts."""
    nodes = start_arm()
    arm, operator = ArmObserver(), Operator()
    try:
        if not operator.ready():
            cell.problems.append("the nodes did not come up")
            return
        # One that is found late would hear of the motion when it is over.
        cell.require(arm.spin_until(lambda: bool(arm.stamps), 10.0), "the observer hears no joint states")
        stops: list[Cell] = []
        speeds, heard = [], []
        for number in range(ESTOPS):
            moving = _sweep(operator, 0.28 if number % 2 else -0.28)
            cell.require(moving, f"does not move: {operator.progress.refused or operator.progress.hold_reason}")
            since, speed = operator.stamp, operator.speed
            arm.forget()
            heard.append(operator.set_estop(True))
            for _ in range(12):
                operator.spin(0.02)
                arm.spin_until(lambda: False, 0.03)
            stops.append(Cell(cell.fault, cell.situation, problems=cell.problems))
            stops[-1].judge_motion(arm, since, limits, model)
            speeds.append(speed)
            refused = operator.enable()
            cell.require(not refused.success and "e-stop" in refused.message, "the latch does not hold")
        cell.take_worst(stops)
        cell.require(min(speeds) > FAST, f"stopped from {min(speeds):.2f} rad/s only")
        cell.require(cell.rest_s <= ESTOP_MAX_S, f"{cell.rest_s:.2f} s until rest, heard of within {max(heard):.2f} s")
        cell.outcome = f"{ESTOPS} stops from {min(speeds):.1f} to {max(speeds):.1f} rad/s, latched"
    finally:
        for node in nodes:
            node.kill()
        operator.close()
        arm.close()


def _sweep(operator: Operator, side: float) -> bool:
    """Send the arm to one side [m] as fast as it may; say whether it is half-way there."""
    for _ in range(ASKINGS):  # joined late, on a starved machine, so fast a chunk is stopped at the gate
        operator.enable_at_rest()
        operator.send(operator.chunk((0.0, side - operator.T_base_ee[1, 3], 0.0), duration=0.6))
        if operator.executed(3):
            return True
    return False
