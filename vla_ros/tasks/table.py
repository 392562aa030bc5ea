# SPDX-License-Identifier: Apache-2.0
"""Every task by name. Light to import: a task's folder is imported when it is requested."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING

from controllers.errors import ConfigError, unknown_name

if TYPE_CHECKING:
    from vla_ros.tasks.task import Task

DEFAULT_TASK = "grasping"
TASKS = {  # name → module and class
    "grasping": ("vla_ros.tasks.grasping.task", "Grasping"),
    "drawer": ("vla_ros.tasks.drawer.task", "PuttingAway"),
    "placing": ("vla_ros.tasks.placing.task", "Placing"),
    "fold": ("vla_ros.tasks.fold.task", "Folding"),
    "hang": ("vla_ros.tasks.hang.task", "Hanging"),
    "bussing": ("vla_ros.tasks.bussing.task", "Bussing"),
    "flip": ("vla_ros.tasks.flip.task", "Flipping"),
    "tray": ("vla_ros.tasks.tray.task", "Carrying"),
    "bin_pick": ("vla_ros.tasks.bins.task", "BinPicking"),
    "bin_pack": ("vla_ros.tasks.bins.task", "BinPacking"),
    "handover": ("vla_ros.tasks.handover.task", "Handover"),
}


def check_task(name: str) -> str:
    """Return the name of a task. Raises ConfigError with the nearest one."""
    if name not in TASKS:
        raise ConfigError(unknown_name("task", name, TASKS))
    return name


@cache
def load_task(name: str) -> Task:
    """Return a task. Raises ConfigError with the nearest name."""
    module, kind = TASKS[check_task(name)]
    task: Task = getattr(importlib.import_module(module), kind)()
    return task
