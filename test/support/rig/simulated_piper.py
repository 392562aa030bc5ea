# SPDX-License-Identifier: Apache-2.0
"""A simulated PiPER in a process of its own, and what a test does to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assets import ROOT


def piper_robot(folder: Path, arms: Mapping[str, SimulatedPiper]) -> str:
    """Write AgileX's robot, its tuning beside it, with these arms by their sides; return its path."""
    text = (ROOT / "config/robots/agilex.yaml").read_text()
    for side, arm in arms.items():
        assert text.count(f"address: can_{side}") == 1
        text = text.replace(f"address: can_{side}", f"address: '{arm.address}'")
    (folder / "agilex.yaml").write_text(text)
    shutil.copy(ROOT / "config/controllers/agilex_impedance.yaml", folder)
    return str(folder / "agilex.yaml")


class SimulatedPiper:
    """An arm whose CAN bus is the socket `path`."""

    def __init__(self, path: Path, **fault: Any) -> None:
        """Start it; `fault` as in rig.piper_arm."""
        self.address = f"unix_can:{path}"
        self.sag: float = fault.get("sag", 0.0)
        words = [sys.executable, "-P", "-m", "rig.piper_arm", str(path), json.dumps(fault)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            words, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def change(self, **fault: Any) -> dict[str, Any]:
        """Change what goes wrong; return what it does and has heard."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(fault) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    @property
    def report(self) -> dict[str, Any]:
        """Return what it does and has heard."""
        return self.change()

    def kill(self) -> None:
        """Cut its power."""
        self.process.kill()
        self.process.communicate()
