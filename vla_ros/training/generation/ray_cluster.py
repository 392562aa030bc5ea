# SPDX-License-Identifier: Apache-2.0
"""A Ray cluster to give tasks to, one a core. Ray is imported when it is wanted, not before."""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable
from typing import Any

from controllers.errors import ConfigError
from vla_ros.evaluation.child_process import SINGLE_THREAD

_MODULE = "ray"
_KNOCK_S = 5.0  # [s] for a cluster to answer


def join_cluster(address: str) -> Any:
    """Return Ray, connected. Raises ConfigError when it is not installed or there is no cluster at the address."""
    ray = _import_ray()
    try:
        _knock(address)
        ray.init(address=address, logging_level="error", log_to_driver=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(
            f"--ray {address}: no Ray cluster there ({first_line(error)}): start one with `ray start --head`, "
            "give `auto` or its host:port, or `local` for this machine alone"
        ) from None
    return ray


def one_core_task(ray: Any, function: Callable[..., Any]) -> Any:
    """Return a function as a task of one core. One that dies is its owner's business: it is not tried again."""
    remote = ray.remote(function)
    return remote.options(num_cpus=1, max_retries=0, runtime_env={"env_vars": SINGLE_THREAD})


def cores(ray: Any) -> int:
    """Return how many cores the cluster has now."""
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _knock(address: str) -> None:
    """Raise OSError at once where nobody listens: Ray itself would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host, int(port)), _KNOCK_S).close()


def _import_ray() -> Any:
    try:
        ray = importlib.import_module(_MODULE)
    except ModuleNotFoundError as error:
        if error.name != _MODULE:
            raise
        ray = None
    if not hasattr(ray, "init"):  # a folder of that name, such as Ray's own /tmp/ray, imports as an empty package
        raise ConfigError(
            "--ray: Ray is not installed: run `pip install ray` in the environment of every machine, or leave --ray "
            "out to use this machine's cores"
        )
    return ray


def first_line(error: Exception) -> str:
    """Return what an error says, in one line without its full stop."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
