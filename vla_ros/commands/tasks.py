# SPDX-License-Identifier: Apache-2.0
"""List the tasks, or show one: its instructions, what counts as success, its limits and its sets of scenes."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING

from vla_ros.tasks.table import DEFAULT_TASK, TASKS, load_task

if TYPE_CHECKING:
    from vla_ros.sim.scenes.sets import SceneSet
    from vla_ros.tasks.task import Task


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", choices=("list", "show"), help="what to do")
    parser.add_argument("task", nargs="?", help=f"name of a task (default {DEFAULT_TASK})")


def run(arguments: argparse.Namespace) -> int:
    """List or show."""
    if arguments.action == "show":
        name = arguments.task or DEFAULT_TASK
        print(_description(name, load_task(name)))
        return 0
    width = max(map(len, TASKS))
    print("\n".join(f"{name:<{width}}  {load_task(name).summary}" for name in TASKS))
    return 0


def _description(name: str, task: Task) -> str:
    from vla_ros.sim.scenes.request import SceneRequest

    limits, sets = task.limits, task.sets.sets
    width = max(map(len, sets))
    example = task.scene(SceneRequest(next(iter(sets))))
    return "\n".join(
        [
            f"{name}: {task.summary}",
            f"success: {task.success}",
            f"limits: {limits.attempts} attempts, {limits.time_limit_s:g} s simulated",
            f"for example: {example.instruction}",
            "sets of scenes:",
            *(f"  {one:<{width}}  {_changes(content)}" for one, content in sets.items()),
        ]
    )


def _changes(content: SceneSet) -> str:
    """Say in what a set differs from the plain one."""
    plain = type(content)()
    changed = [
        f"{field.name} {_said(getattr(content, field.name))}"
        for field in dataclasses.fields(content)
        if getattr(content, field.name) != getattr(plain, field.name)
    ]
    return ", ".join(changed) or "nothing special"


def _said(value: object) -> str:
    return " ".join(f"{key} {part}" for key, part in value.items()) if isinstance(value, dict) else str(value)
