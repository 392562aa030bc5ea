# SPDX-License-Identifier: Apache-2.0
"""LIBERO's own side: suites, tasks, initial states, and a task's model as LIBERO composes it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from libero.libero import benchmark, get_libero_path
from libero.libero.envs import TASK_MAPPING, bddl_utils
from libero.libero.envs.env_wrapper import ControlEnv

BASE = "robot0_link0"


@dataclass(frozen=True, eq=False)
class ComposedTask:
    """A task's model and what LIBERO says of it."""

    xml: str
    bodies: dict[str, tuple[np.ndarray, np.ndarray]]  # position [m] and quaternion wxyz of each in its parent
    objects: dict[str, str]  # body of each movable object, by its name
    T_world_base: np.ndarray  # (4, 4) of the arm's first link, wherever LIBERO mounts it
    init_states: np.ndarray  # (K, 1 + nq + nv): time, positions, velocities


@cache
def suite(name: str) -> Any:
    """Return a suite of LIBERO's table. Raises ValueError for a name that is not in it."""
    table = benchmark.get_benchmark_dict()
    if name not in table:
        raise ValueError(f"LIBERO has no suite '{name}'")
    return table[name]()


def task_names(suite_name: str) -> list[str]:
    """Name the tasks of a suite in its order."""
    return [suite(suite_name).get_task(i).name for i in range(suite(suite_name).n_tasks)]


def task_objects(suite_name: str) -> dict[str, list[str]]:
    """Return the movable objects of every task of a suite, by the task's name."""
    found = {}
    for index, name in enumerate(task_names(suite_name)):
        problem = bddl_utils.robosuite_parse_problem(str(_description(suite_name, index)))
        found[name] = [item for items in problem["objects"].values() for item in items]
    return found


def _description(suite_name: str, index: int) -> Path:
    task = suite(suite_name).get_task(index)
    return Path(get_libero_path("bddl_files"), task.problem_folder, task.bddl_file)


def compose(suite_name: str, task_name: str) -> ComposedTask:
    """Compose a task. Raises ValueError for a task that the suite has not."""
    names = task_names(suite_name)
    if task_name not in names:
        raise ValueError(f"suite '{suite_name}' has no task '{task_name}'")
    index = names.index(task_name)
    description = _description(suite_name, index)
    if bddl_utils.get_problem_info(str(description))["problem_name"] not in TASK_MAPPING:
        raise ValueError(f"task '{task_name}' is of a problem that LIBERO does not have")
    # Where furniture stands is drawn, and no part of the initial states: from the seed that LIBERO's evaluation takes.
    np.random.seed(0)  # noqa: NPY002
    environment = ControlEnv(
        bddl_file_name=os.fspath(description), use_camera_obs=False, has_offscreen_renderer=False, has_renderer=False
    )
    try:
        inner = environment.env
        model = inner.sim.model._model
        bodies = {model.body(i).name: (model.body_pos[i].copy(), model.body_quat[i].copy()) for i in range(model.nbody)}
        objects = {name: item.root_body for name, item in inner.objects_dict.items()}
        xml = inner.model.get_xml()
        base = inner.sim.data._data.body(BASE)
        T_world_base = np.eye(4)
        T_world_base[:3, :3], T_world_base[:3, 3] = base.xmat.reshape(3, 3), base.xpos
    finally:
        environment.close()
    states = np.asarray(suite(suite_name).get_task_init_states(index), dtype=np.float64)
    return ComposedTask(xml, bodies, objects, T_world_base, states)
