# SPDX-License-Identifier: Apache-2.0
"""LIBERO's process as a child of this one."""

from __future__ import annotations

import os

from controllers.errors import VlaError
from vla_ros.benchmarks.libero.environment import LIBERO
from vla_ros.runtime.child_process import THREADS, ChildProcess
from vla_ros.runtime.own_environment import ROOT

MODULE = "vla_ros.benchmarks.libero.server"


class LiberoError(VlaError):
    """LIBERO's process refused a request, or is no more."""


class LiberoProcess(ChildProcess):
    """The process and its two pipes; a task is loaded in a minute on a busy machine."""

    who, error = "LIBERO", LiberoError

    def __init__(self, command: list[str] | None = None) -> None:
        """Start it; `command` runs another server than LIBERO's. Raises ConfigError without its environment."""
        super().__init__(command or [str(LIBERO.interpreter()), "-P", "-m", MODULE], _environment())


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LIBERO_"))}
    backend = os.environ.get("MUJOCO_GL", "egl")
    return (
        kept
        | dict.fromkeys(THREADS, "1")
        | {
            "PYTHONPATH": str(ROOT),
            "MUJOCO_GL": backend,
            "PYOPENGL_PLATFORM": backend,
            "LIBERO_CONFIG_PATH": os.devnull,  # paths are the package's own, whatever lies in this user's home
        }
    )
