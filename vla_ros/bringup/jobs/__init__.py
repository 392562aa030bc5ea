# SPDX-License-Identifier: Apache-2.0
"""The jobs that `vla launch` knows, a module each; a module's `graph()` describes its job."""

from __future__ import annotations

import importlib
import pkgutil

from controllers.errors import ConfigError, unknown_name
from vla_ros.bringup.graph import Graph


def job_names() -> tuple[str, ...]:
    """List the jobs, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def load_job(name: str) -> Graph:
    """Return a job's graph. Raises ConfigError that names the nearest known job."""
    if name not in job_names():
        raise ConfigError(unknown_name("launch", name, job_names()))
    return importlib.import_module(f"{__name__}.{name}").graph()
