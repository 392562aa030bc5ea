# SPDX-License-Identifier: Apache-2.0
"""`vla launch JOB` as a person starts it: a process of its own, on a ROS domain of its own, observed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rig.arm_observer import ArmObserver
from rig.processes import process_of, processes_of
from vla_ros.launching.environment import free_domain, module_environment

START_TIMEOUT_S = 120.0  # generous: a loaded machine is slow, not wrong
END_TIMEOUT_S = 150.0


class LaunchedJob:
    """One launch, its output and what the observer sees of its arm."""

    def __init__(
        self, folder: Path, *words: str, job: str = "franka_grasp", robot: str = "franka", every_arm: bool = False
    ) -> None:
        self.job, self.robot = job, robot
        domain = free_domain()
        self.domain = domain
        self.arm = ArmObserver(domain, robot, every_arm=every_arm)  # first: from now on the domain is taken
        self.run_directory, self.report_file = folder / "run", folder / "report.json"
        self._folder, self._output = folder, folder / "output.txt"
        named = [f"domain_id:={domain}", f"run_directory:={self.run_directory}", f"report:={self.report_file}"]
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [*self.command(), *named, *words],
                cwd=folder,
                env=self.environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def command(self) -> list[str]:
        """Return what starts it, without its arguments."""
        # Pictures may be late: what is observed is the arm, and a slow machine is to keep its pace.
        return [sys.executable, "-m", "vla_ros.cli", "launch", self.job, "wait_for_cameras:=false"]

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment it is started in."""
        return module_environment() | {"VLA_STARTED_AT": f"{time.time():.6f}"}  # as ./vla does

    def process_name(self, node: str) -> str:
        """Return what is in the command line of a node's process and of no other."""
        return f"vla_ros.nodes.{node}_node"

    @property
    def output(self) -> str:
        """Return what it has printed so far."""
        return self._output.read_text()

    @property
    def report(self) -> dict[str, Any]:
        """Return the report, once it has ended."""
        return json.loads(self.report_file.read_text())

    @property
    def left_running(self) -> list[int]:
        """Return its processes that are alive."""
        return processes_of(self._folder)

    def wait_for_motion(self) -> None:
        """Wait until the arm is under way."""
        self.arm.spin_until(lambda: self.arm.under_way or self.process.poll() is not None, START_TIMEOUT_S)
        assert self.arm.under_way, self.output

    def finish(self, within: float = END_TIMEOUT_S) -> int:
        """Listen until the launcher has ended, `within` [s]; return its exit code."""
        assert self.arm.spin_until(lambda: self.process.poll() is not None, within), self.output
        return self.process.returncode

    def interrupt(self) -> None:
        """Do what a terminal does at Ctrl-C."""
        os.killpg(self.process.pid, signal.SIGINT)

    def pid(self, node: str) -> int:
        """Return a node's process."""
        return process_of(self._folder, self.process_name(node))

    def runs(self, node: str) -> bool:
        """Say whether a node's process is there."""
        try:
            return self.pid(node) > 0
        except ProcessLookupError:
            return False

    def kill(self, node: str) -> list[Path]:
        """Kill a node without a warning; return the lock files of the shared memory that it owned."""
        pid = self.pid(node)
        owned = [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()]
        os.kill(pid, signal.SIGKILL)
        return [path for path in owned if path.name.startswith("fastrtps_")]

    def close(self) -> None:
        """Make sure that all of it is gone."""
        self.arm.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pid in self.left_running:
            os.kill(pid, signal.SIGKILL)
