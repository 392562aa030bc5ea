# SPDX-License-Identifier: Apache-2.0
"""`vla` as a person runs it, in a folder of a test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Container
from pathlib import Path

from vla_ros.launching.environment import module_environment


def vla(folder: Path, *words: object, codes: Container[int] = (0,)) -> str:
    """Run a command to its end, which is to be one of `codes`; return what it printed, errors aside."""
    command = [sys.executable, "-m", "vla_ros.cli", *map(str, words)]
    ran = subprocess.run(command, cwd=folder, env=module_environment(), capture_output=True, text=True)
    print(f"$ vla {' '.join(map(str, words))}\n{ran.stdout}{ran.stderr}")
    assert ran.returncode in codes, ran.stdout + ran.stderr
    return ran.stdout
