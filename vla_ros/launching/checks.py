# SPDX-License-Identifier: Apache-2.0
"""Whether launch arguments make sense and the names in them exist: asked before anything starts."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.failure_detection.online.alarm_config import TELL, AlarmConfig
from vla_ros.launching.arguments import Value, parse_assignments
from vla_ros.launching.egl import require_egl
from vla_ros.launching.graph import Graph
from vla_ros.launching.ports import tcp_problem
from vla_ros.launching.ros2_control import SIMULATED
from vla_ros.launching.security import check_security
from vla_ros.output_file import check_output

if TYPE_CHECKING:
    from vla_ros.robots.embodiment import Embodiment

# ROS's names, without the slash before them.
NAMESPACE = re.compile(r"[A-Za-z_]\w*(/[A-Za-z_]\w*)*", re.ASCII)


def check_launch(graph: Graph, words: Sequence[str]) -> dict[str, Value]:
    """Return the launch arguments' values. Raises ConfigError for anything that would fail later."""
    arguments = parse_assignments(words, graph.arguments)
    arguments |= graph.settle(arguments)
    check_output("report:=", str(arguments.get("report", "")))
    graph.check(arguments)
    check_security(graph, arguments)
    if graph.renders and arguments["hardware"] in SIMULATED["hardware"]:  # a real robot's cameras are not rendered
        require_egl()
    return arguments


def check_grasp(arguments: Mapping[str, Value]) -> None:
    """Check the robot, policy, task, set and objects of a job. Raises ConfigError for the first that is wrong."""
    # Imported here: the command line must start fast, and --show-args needs none of it.
    from vla_ros.evaluation.settings import EXPERT
    from vla_ros.policies.families.changed_settings import changes_of
    from vla_ros.policies.families.loading import check_policy
    from vla_ros.robots.control import check_whole_body, load_control_config, with_table, with_whole_body
    from vla_ros.robots.embodiment import load_embodiment, with_named_cameras
    from vla_ros.sim.scenes.request import SceneRequest
    from vla_ros.tasks.table import load_task

    instruction, policy = str(arguments["instruction"]), arguments.get("policy")
    if instruction and not instruction.strip():
        raise ConfigError("instruction:= is blank: say what to do, or leave it out for the scene's own instruction")
    check_namespace(str(arguments["namespace"]))
    robot = load_embodiment(str(arguments["robot"]))
    request = dataclasses.replace(SceneRequest.read(arguments), robot=str(arguments["robot"]))
    commands = robot.command_modes(str(arguments["command"]))
    try:
        robot = with_named_cameras(robot, str(arguments["cameras"]))
    except ConfigError:
        # The job's file names cameras of the robot that it is for: one that cannot do the task is told so first.
        load_task(str(arguments["task"])).check(request)
        raise
    control = with_whole_body(load_control_config(str(arguments["robot"])), str(arguments["whole_body"]))
    check_whole_body(robot, with_table(control, float(arguments["table_height"])), commands)
    changes = changes_of({"policy": "none"} | dict(arguments))
    if policy not in (None, EXPERT):
        check_policy(str(policy), robot, str(arguments["checkpoint"]), changes=changes)
    else:
        for name in ("checkpoint", "setting"):
            if arguments.get(name):
                raise ConfigError(f"{name}:={arguments[name]}: no policy runs: give policy:=graspvla too")
    _check_detector(arguments, robot, changes)
    load_task(str(arguments["task"])).check(request)
    check_objects(str(arguments["objects"]))


def _check_detector(arguments: Mapping[str, Value], robot: Embodiment, changes: str) -> None:
    """Check that the detector that is to watch is one, and of the policy that runs."""
    folder, policy = str(arguments.get("detector", "")), arguments.get("policy")
    if not folder:
        if (reaction := str(arguments.get("on_alarm", TELL))) != TELL:
            raise ConfigError(f"on_alarm:={reaction}: name what raises alarms with detector:=")
        return
    from vla_ros.evaluation.settings import EXPERT

    if policy in (None, "none", EXPERT):
        raise ConfigError(f"detector:={folder}: no policy runs that it could watch: give policy:=graspvla too")
    from vla_ros.failure_detection.online.watching import check_detector

    score, alpha = str(arguments["alarm_score"]), float(arguments["alarm_alpha"])
    check_detector(folder, str(policy), str(arguments["checkpoint"]), AlarmConfig(score, alpha), robot, changes)


def check_success_object(arguments: Mapping[str, Value]) -> None:
    """Check that the object which is to count stands in the scene."""
    name = str(arguments["success_object"])
    if not name:
        return
    from vla_ros.sim.scenes.request import SceneRequest
    from vla_ros.tasks.table import load_task

    task = load_task(str(arguments["task"]))
    request = dataclasses.replace(SceneRequest.read(arguments), robot=str(arguments["robot"]))
    task.check_target(name, task.scene(request))


def check_namespace(namespace: str) -> None:
    """Check that ROS would take the name, whose parts are separated by /."""
    if namespace and not NAMESPACE.fullmatch(namespace):
        raise ConfigError(
            f"namespace:={namespace}: give letters, digits and _, not beginning with a digit, such as robot1"
        )


def check_objects(folder: str) -> None:
    """Read a folder of the user's objects and say what is odd about it; "" stands for the built-in ones."""
    if not folder:
        return
    if not Path(folder).is_dir():
        raise ConfigError(f"objects:={folder}: no such folder")
    from vla_ros.objects.folder import read_folder

    reading = read_folder(Path(folder).expanduser().resolve(), _tell_progress())
    reading.catalogue()
    for warning in reading.warnings:
        print(f"vla: {warning}", file=sys.stderr)


def _tell_progress() -> Callable[[int, int, str], None]:
    """Return what tells every ten seconds which object is read: concave ones take their time once."""
    last = time.monotonic()

    def report(done: int, total: int, name: str) -> None:
        nonlocal last
        if time.monotonic() - last >= 10.0:
            last = time.monotonic()
            print(f"vla: objects: {done} of {total} read, next {name}", file=sys.stderr, flush=True)

    return report


def check_view(arguments: Mapping[str, Value]) -> None:
    """Check that whoever wants to watch can: the server's package is there and its port is free."""
    if arguments["view"] != "foxglove":
        return
    if importlib.util.find_spec("foxglove") is None:
        raise ConfigError("view:=foxglove needs the package foxglove-sdk: pip install foxglove-sdk, or view:=none")
    port = int(arguments["view_port"])
    problem = tcp_problem(port)
    if problem:
        raise ConfigError(f"view_port:={port}: {problem}; give another, or 0 for any that is free")
