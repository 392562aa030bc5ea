# SPDX-License-Identifier: Apache-2.0
"""What those say and hear who look on, or come from outside of a graph: viewer, recorder, the commands of a person."""

from __future__ import annotations

from collections.abc import Iterable

from vla_ros.robots.embodiment import Embodiment
from vla_ros.security.interface import ANY, LIFECYCLE_SERVICES, PARAMETER_SERVICES, NodeInterface, interface, ros_node
from vla_ros.security.movers import POLICY_CHUNK, planner
from vla_ros.security.robot_side import CHUNK_SOURCES, Values, commanded_poses

OPERATOR, OBSERVER, HOME = "operator", "observer", "home"


def view(robot: Embodiment, values: Values) -> NodeInterface:
    """Return view_node's: it listens while somebody looks."""
    cameras = [
        topic
        for name in robot.cameras
        for topic in (*(f"cameras/{name}/{what}" for what in ("color/image_raw", "color/camera_info", "pose")),
                      f"policy/reasoning/{name}")
    ]  # fmt: skip
    heard = ["joint_states", "control/progress", *commanded_poses(robot), "policy/detections", "policy/grasp"]
    heard += [*(f"{source}/action_chunk" for source in CHUNK_SOURCES), "diagnostics", "instruction", "estop", "/rosout"]
    quiet = ros_node("_view_node_quiet", parameters=False, log=False)
    return ros_node("view_node") | quiet | interface(subscribes=[*heard, *cameras], sometimes=[*heard, *cameras])


def recorder(robot: Embodiment | None, values: Values) -> NodeInterface:
    """Return recorder_node's: it hears everything."""
    quiet = ros_node("/_recorder_node_quiet", parameters=False, log=False)
    return ros_node("recorder_node") | quiet | interface(["diagnostics"], [f"/{ANY}"])


def home(robot: Embodiment) -> NodeInterface:
    """Return what home_node has, which the operator's page starts."""
    return planner("home_node", robot)


def observer(robot: Embodiment) -> NodeInterface:
    """Return what somebody may do who looks on from a shell: hear everything, say nothing."""
    return interface(subscribes=[f"/{ANY}"]) | _shell()


def operator(robot: Embodiment, nodes: Iterable[str]) -> NodeInterface:
    """Return what a person may do from a shell: the e-stop, instructions, the commands of `vla`, and what `nodes` take.

    No command of a motor is among it: chunks go through the gate of control.
    """
    services = [f"{node}/{what}" for node in nodes for what in (*PARAMETER_SERVICES, *LIFECYCLE_SERVICES)]
    person = observer(robot) | recorder(None, {}) | home(robot)
    person |= planner("replay_node", robot) | planner("identify_node", robot)
    person |= ros_node("lerobot_robot") | ros_node("lerobot_teleoperator")
    return person | interface(
        ["estop", "instruction", "episode/marks", POLICY_CHUNK],
        calls=["control/enable", "policy/resume", "instruction/skip", "sim/reset", *services],
    )


def _shell() -> NodeInterface:
    """Return the nodes of short commands: ros2's own, and those of `vla stop` and `vla recover`."""
    short = ros_node(f"/_ros2cli_{ANY}", parameters=False, log=False)
    return short | ros_node(f"operator_{ANY}", parameters=False, log=False)
