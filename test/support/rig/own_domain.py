# SPDX-License-Identifier: Apache-2.0
"""Run something in a process and on a ROS domain of its own: it hears nothing that others have left behind."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import ParamSpec, TypeVar

from vla_ros.launching.environment import free_domain

Given = ParamSpec("Given")
Result = TypeVar("Result")


def on_own_domain(work: Callable[Given, Result], *arguments: Given.args, **named: Given.kwargs) -> Result:
    """Return what a function of a module returns there; what it raises is raised here.

    The process is spawned: a forked one would inherit this one's ROS, and with it the domain.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=_leave_others_alone) as pool:
        return pool.submit(work, *arguments, **named).result()


def _leave_others_alone() -> None:
    os.environ |= {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "ROS_DOMAIN_ID": str(free_domain())}
