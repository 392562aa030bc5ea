# SPDX-License-Identifier: Apache-2.0
"""An `Observation` as a message and back, to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from vla_ros.policies.needs import BASE, Needs, group_names
from vla_ros.policies.observation import (
    ArmState,
    BaseState,
    CameraView,
    EndEffectorState,
    JointGroupState,
    Observation,
    RobotState,
)
from vla_ros.policies.remote.message_pack import MessageError
from vla_ros.policies.remote.values import Values
from vla_ros.robots.embodiment import Embodiment

HISTORY_MAX = 20  # older states, or earlier exposures of one camera
PROMPT = "prompt"  # the instruction, as openpi calls it


def observation_message(observation: Observation) -> dict[str, Any]:
    """Return an observation as plain values and arrays."""
    return {
        "stamp": float(observation.stamp),
        PROMPT: observation.instruction,
        "cameras": {name: _view_message(view) for name, view in observation.cameras.items()},
        "state": _state_message(observation.state),
        "commanded": _state_message(observation.commanded),
        "history": [_state_message(state) for state in observation.history],
        "camera_history": {
            name: [_view_message(view) for view in views] for name, views in observation.camera_history.items()
        },
    }


def read_observation(message: Values) -> Observation:
    """Return the observation of a message. Raises MessageError with the path of the first thing that is wrong."""
    state = _state(message.inner("state"))
    return Observation(
        message.number("stamp"),
        message.text(PROMPT),
        message.mapping("cameras", _view),
        state,
        _state(message.inner("commanded")) if message.has("commanded") else state,
        message.each("history", _state, HISTORY_MAX),
        _camera_history(message),
    )


def check_observation(observation: Observation, needs: Needs, robot: Embodiment) -> None:
    """Raise MessageError for the first thing that a policy needs and an observation does not hold."""
    for need in needs.cameras:
        view = observation.cameras.get(need.name)
        if view is None:
            raise MessageError(f"cameras.{need.name} is missing: the policy needs {need.requirement} of it")
        if need.depth and view.depth is None:
            raise MessageError(f"cameras.{need.name}.depth is missing: the policy needs it [m]")
        if need.calibration and (view.intrinsics is None or view.T_base_camera is None):
            raise MessageError(f"cameras.{need.name}.intrinsics and .T_base_camera are missing: the policy needs both")
    joints = {group.name: group.joints for group in robot.driven_groups}
    for name in group_names(robot) if needs.groups is None else needs.groups:
        for where in ("state", "commanded"):
            _check_group(getattr(observation, where), where, name, joints, robot)


def _check_group(
    state: RobotState, where: str, name: str, joints: Mapping[str, tuple[str, ...]], robot: Embodiment
) -> None:
    """Raise MessageError for a group that is not in a state, or is of other joints than the robot's."""
    if name == BASE:
        found: object = state.base
    elif name in joints:
        found = state.arms.get(name) or state.joint_groups.get(name)
        if found is not None and found.joints != joints[name]:
            raise MessageError(f"{where}: the joints of '{name}' are others than those of robot '{robot.name}'")
    else:  # what nobody commands yet, no commanded state holds
        found = state.end_effectors.get(name) or (where == "commanded" or None)
    if found is None:
        raise MessageError(f"{where}: group '{name}' is missing, which the policy needs")


def _view_message(view: CameraView) -> dict[str, Any]:
    parts = {"depth": view.depth, "intrinsics": view.intrinsics, "T_base_camera": view.T_base_camera}
    given = {key: value for key, value in parts.items() if value is not None}
    return {"name": view.name, "stamp": float(view.stamp), "color": view.color, **given}


def _view(message: Values) -> CameraView:
    color = message.array("color", None, None, 3, dtype=np.uint8)
    height, width = color.shape[:2]
    return CameraView(
        message.text("name"),
        message.number("stamp"),
        color,
        message.array("depth", height, width) if message.has("depth") else None,
        message.array("intrinsics", 3, 3) if message.has("intrinsics") else None,
        message.array("T_base_camera", 4, 4) if message.has("T_base_camera") else None,
    )


def _camera_history(message: Values) -> dict[str, tuple[CameraView, ...]]:
    if not message.has("camera_history"):
        return {}
    views = message.inner("camera_history")
    return {name: views.each(name, _view, HISTORY_MAX) for name in views.keys}


def _state_message(state: RobotState) -> dict[str, Any]:
    base = state.base
    return {
        "stamp": float(state.stamp),
        "arms": {name: {**_joints_message(arm), "T_base_ee": arm.T_base_ee} for name, arm in state.arms.items()},
        "end_effectors": {name: _tool_message(tool) for name, tool in state.end_effectors.items()},
        "joint_groups": {name: _joints_message(group) for name, group in state.joint_groups.items()},
        "base": None if base is None else {"T_odom_base": base.T_odom_base, "twist": base.twist},
    }


def _state(message: Values) -> RobotState:
    return RobotState(
        message.number("stamp"),
        message.mapping("arms", _arm),
        message.mapping("end_effectors", _tool),
        message.mapping("joint_groups", _joint_group),
        _base(message.inner("base")) if message.has("base") else None,
    )


def _joints_message(group: ArmState | JointGroupState) -> dict[str, Any]:
    return {"joints": list(group.joints), "q": group.q, "dq": group.dq}


def _joints(message: Values) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    joints = message.names("joints")
    return joints, message.array("q", len(joints)), message.array("dq", len(joints))


def _arm(message: Values) -> ArmState:
    return ArmState(*_joints(message), message.array("T_base_ee", 4, 4))


def _joint_group(message: Values) -> JointGroupState:
    return JointGroupState(*_joints(message))


def _tool_message(tool: EndEffectorState) -> dict[str, Any]:
    width = None if tool.width is None else float(tool.width)
    return {"width": width, "sealed": {cup: bool(sealed) for cup, sealed in tool.sealed.items()}}


def _tool(message: Values) -> EndEffectorState:
    width = message.number("width") if message.has("width") else None
    if not message.has("sealed"):
        return EndEffectorState(width)
    sealed = message.inner("sealed")
    return EndEffectorState(width, {cup: sealed.truth(cup) for cup in sealed.keys})


def _base(message: Values) -> BaseState:
    return BaseState(message.array("T_odom_base", 4, 4), message.array("twist", 3))
