# SPDX-License-Identifier: Apache-2.0
"""What the machine gives: cores, memory, shared memory, real time, rendering, disk."""

from __future__ import annotations

import os
import resource
import shutil
from pathlib import Path

from vla_ros.commands.doctor.check_result import CheckResult, missing, poor
from vla_ros.launching.egl import REMEDY, egl_problem

CORES_MIN, MEMORY_MIN_GIB = 2.0, 3.5  # "4 GiB" machines show a little less
SHARED_MEMORY = Path("/dev/shm")
SHARED_MEMORY_MIB = 64  # a graph with one publisher of images takes less (config/dds)
DISK_MIN_MIB, DISK_POOR_MIB = 100, 2048  # a run takes a few MiB; a minute of recorded images takes gigabytes
MEMLOCK_MIN_MIB = 512  # the control process with all its libraries
CONTROL_GROUP = Path("/sys/fs/cgroup")
GIB, MIB = 2**30, 2**20


def check_cores() -> CheckResult:
    """Look at cores and memory, as far as a container's limits let this process use them."""
    cores, memory = _cores(), _memory_gib()
    state = f"{cores:g} cores, {memory:.1f} GiB memory"
    if cores < CORES_MIN:
        return poor("machine", state, f"{CORES_MIN:g} cores are needed for real time: simulations run slowly")
    if memory < MEMORY_MIN_GIB:
        return poor("machine", state, "4 GiB are needed: close other programs, or give the container more")
    return CheckResult("machine", state)


def _cores() -> float:
    cores = float(len(os.sched_getaffinity(0)))
    quota, _, period = _read(CONTROL_GROUP / "cpu.max").partition(" ")
    return min(cores, int(quota) / int(period)) if quota.isdigit() and period.strip().isdigit() else cores


def _memory_gib() -> float:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _read(CONTROL_GROUP / "memory.max")
    return min(memory, int(limit)) / GIB if limit.isdigit() else memory / GIB


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def check_shared_memory() -> CheckResult:
    """Look whether images fit into shared memory."""
    name, size = str(SHARED_MEMORY), "(in Docker: --shm-size=1g)"
    try:
        free = shutil.disk_usage(SHARED_MEMORY).free // MIB
    except OSError:
        return missing(name, "is not there", f"mount a tmpfs on it: images travel through it {size}")
    if not os.access(SHARED_MEMORY, os.W_OK):
        return missing(name, "cannot be written", f"chmod 1777 {SHARED_MEMORY}")
    if free < SHARED_MEMORY_MIB:
        return poor(name, f"{free} MiB free", f"{SHARED_MEMORY_MIB} MiB are needed, or images get lost {size}")
    return CheckResult(name, f"{free} MiB free")


def check_rendering() -> CheckResult:
    """Look whether cameras can be rendered."""
    chosen = os.environ.get("MUJOCO_GL", "egl")
    if chosen != "egl":
        return CheckResult("rendering", f"MUJOCO_GL={chosen} is taken as it is")
    problem = egl_problem()
    return missing("rendering", problem, REMEDY) if problem else CheckResult("rendering", "EGL works")


def check_real_time() -> CheckResult:
    """Look whether control may go before others and keep its memory; a simulation does without."""
    name = "real time"
    lacking = [text for lacks, text in ((not _fifo(), "SCHED_FIFO"), (not _lockable(), "locked memory")) if lacks]
    if lacking:
        remedy = (
            "for a real arm: add '<user> - rtprio 98' and '<user> - memlock unlimited' to /etc/security/limits.conf "
            "and log in again (in Docker: --cap-add=SYS_NICE --ulimit rtprio=98 --ulimit memlock=-1)"
        )
        return CheckResult(name, f"not permitted: {' and '.join(lacking)}; a simulation does without", remedy)
    return CheckResult(name, "SCHED_FIFO and locked memory are permitted")


def _fifo() -> bool:
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        return False
    os.sched_setscheduler(0, policy, parameters)
    return True


def _lockable() -> bool:
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return soft == resource.RLIM_INFINITY or soft >= MEMLOCK_MIN_MIB * MIB or os.geteuid() == 0


def check_disk() -> CheckResult:
    """Look at the place where runs/ would be written."""
    folder = Path("runs") if Path("runs").is_dir() else Path.cwd()
    if not os.access(folder, os.W_OK):
        return missing("disk", f"{folder.resolve()} cannot be written", "go to a folder of yours, or run_directory:=…")
    free = shutil.disk_usage(folder).free // MIB
    state = f"{free / 1024:.1f} GiB free for runs/ in {Path.cwd()}"
    if free < DISK_MIN_MIB:
        return missing("disk", state, "free some, remove old folders of runs/, or name another with run_directory:=")
    if free < DISK_POOR_MIB:
        return poor("disk", state, "enough to run, not to record: free some, or remove old folders of runs/")
    return CheckResult("disk", state)
