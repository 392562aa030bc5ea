# SPDX-License-Identifier: Apache-2.0
"""`vla teleop` as a person starts it, on a ROS domain and a port of its own."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from rig.launched_job import START_TIMEOUT_S, LaunchedJob


class TeleopJob(LaunchedJob):
    """One bridge with its graph; it does not end by itself."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.pairing = folder / "pairing"  # of certificate and token
        super().__init__(folder, "port:=0", f"folder:={self.pairing}", *words)

    def command(self) -> list[str]:
        """Return what starts it, without its arguments."""
        return [sys.executable, "-m", "vla_ros.cli", "teleop"]

    def wait_for_link(self) -> str:
        """Return the link that it prints."""
        self.arm.spin_until(lambda: "open http" in self.output or self.process.poll() is not None, START_TIMEOUT_S)
        link = re.search(r"open (http://localhost:\d+/\?token=[\w-]+)", self.output)
        assert link, self.output
        return link[1]
