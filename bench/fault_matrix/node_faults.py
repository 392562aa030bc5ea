# SPDX-License-Identifier: Apache-2.0
"""Every node of franka_grasp, killed or stopped, at rest, on its way and with an object in hand."""

from __future__ import annotations

import os
import re
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from rig.launched_job import LaunchedJob

from bench.fault_matrix.cell import Cell
from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel

NODES = ("sim", "camera", "state", "policy", "control", "guard", "episode")
SIGNALS = (signal.SIGKILL, signal.SIGSTOP)
SITUATIONS: dict[str, Callable[[LaunchedJob], bool]] = {
    "at rest": lambda job: job.arm.progress.enabled and bool(job.arm.stamps),  # and not told to move yet
    "approach": lambda job: job.arm.under_way,
    "in hand": lambda job: job.arm.in_hand,
}
JOB = ("seed:=3", "policy:=geometric")  # what fails here is the stack; this policy needs no PyTorch
# [s] A node that is stopped is noticed after two to three seconds where the arm does not depend on it.
REST_MAX_S = {"SIGKILL": 1.5, "SIGSTOP": 4.0}
# What control or the guard say of an arm that no chunk moves any more.
HELD = ("shutting down", "disabled", "arm held", "e-stop", "chunk exhausted", "no chunk yet", "lease", "stale")
HELD_M = 0.03  # an object in hand must not have fallen


def names() -> Iterator[tuple[str, str]]:
    """Yield the cells: fault and situation."""
    for number in SIGNALS:
        for node in NODES:
            for situation in SITUATIONS:
                yield f"{number.name} {node}", situation


def run(fault: str, situation: str, limits: ArmLimits, model: ArmModel) -> Cell:
    """Launch the job, wait for the situation, send the signal, see how it ends."""
    cell = Cell(fault, situation)
    signal_name, node = fault.split()
    with tempfile.TemporaryDirectory(prefix="vla_faults_") as folder:
        job = LaunchedJob(Path(folder), *JOB)
        try:
            reached = job.arm.spin_until(lambda: SITUATIONS[situation](job) or job.process.poll() is not None, 90.0)
            if not reached or job.process.poll() is not None:
                cell.problems.append(f"never came so far: {job.output.splitlines()[-1:]}")
                return cell
            since = job.arm.stamps[-1]
            job.arm.complaints.clear()
            os.kill(job.pid(node), signal.Signals[signal_name])
            _judge(cell, job, node, since, limits, model)
        finally:
            job.close()
    return cell


def _judge(cell: Cell, job: LaunchedJob, node: str, since: float, limits: ArmLimits, model: ArmModel) -> None:
    code = job.finish()
    arm = job.arm
    cell.judge_motion(arm, since, limits, model)
    last = re.findall(r"^vla: .*?\((.*)\); everything", job.output, re.MULTILINE)
    cell.outcome = last[-1] if last else "?"
    cell.require(code == 1, f"exit code {code}")
    cell.require(node in job.report.get("failure", ""), f"the report blames: {job.report.get('failure')!r}")
    cell.require(f"{node} " in job.output, "the log does not name the node")
    cell.require(not job.left_running, "processes are left")
    cell.require("Traceback" not in job.output, "a trace-back in the log")
    if node != "sim":  # the one whose diagnostics nobody hears any more
        cell.require(cell.rest_s <= REST_MAX_S[cell.fault.split()[0]], f"{cell.rest_s:.2f} s until rest")
        told = [text for text in arm.complaints if any(word in text for word in HELD)]
        cell.require(bool(told), f"nobody says that the arm is held: {sorted(arm.complaints)}")
    if cell.situation == "in hand" and arm.heights is not None and arm.lowest is not None:
        kept = float((arm.heights - arm.lowest).max())
        cell.require(kept > HELD_M, f"the object fell (now {100 * kept:.0f} cm up)")
