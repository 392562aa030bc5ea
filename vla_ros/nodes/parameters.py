# SPDX-License-Identifier: Apache-2.0
"""Declared node parameters: a type, a description, a range; a bad value is one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException
from rclpy.node import Node
from rclpy.parameter import Parameter

from controllers.errors import ConfigError, VlaError, unknown_name
from vla_ros.robots.embodiment import Embodiment, with_named_cameras
from vla_ros.robots.groups import COMMAND_MODES
from vla_ros.robots.names import DEFAULT_ROBOT

Value = TypeVar("Value", bool, int, float, str)
_TYPE_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def declare(
    node: Node,
    name: str,
    default: Value,
    description: str,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] = (),
    change: Callable[[Value], None] | None = None,
    check: Callable[[Value], object] | None = None,
) -> Value:
    """Declare a parameter and return its value. Raises ConfigError for a bad one.

    It is fixed once the node runs, unless `change` says what to do with a new value; a bad new value is refused, and
    so is one for which `check` raises VlaError. Of several that are set at once all are changed or, where one is
    refused, none.
    """

    def checked(value: object) -> Value:
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        in_range = low is None or high is None or (isinstance(value, (int, float)) and low <= value <= high)
        if type(value) is not type(default) or not in_range:
            allowed = _TYPE_NAMES[type(default)] if low is None or high is None else f"{low:g} to {high:g}"
            raise ConfigError(f"{node.get_name()}: parameter '{name}' is {value!r}: give {allowed} ({description})")
        if choices and value not in choices:
            raise ConfigError(f"{node.get_name()}: {unknown_name(name, str(value), choices)}")
        return value

    # Checked by hand: ROS would refuse rate_hz:=500 for a number that is declared as 500.0, and would not say what
    # it refused. The descriptor follows once the value is good.
    value = checked(node.declare_parameter(name, default, ParameterDescriptor(dynamic_typing=True)).value)
    descriptor = ParameterDescriptor(name=name, description=description, dynamic_typing=True)
    descriptor.read_only = change is None
    if low is not None and high is not None:
        if isinstance(default, int):
            descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=0)]
        else:
            descriptor.floating_point_range = [FloatingPointRange(from_value=float(low), to_value=float(high))]
    if choices:
        descriptor.additional_constraints = f"one of: {', '.join(choices)}"
    node.set_descriptor(name, descriptor)
    if change is not None:

        def allow(value: object) -> None:
            allowed = checked(value)
            if check is not None:
                check(allowed)

        _follow(node, name, allow, lambda value: change(checked(value)))
    return value


def _follow(node: Node, name: str, check: Callable[[object], None], take: Callable[[object], None]) -> None:
    """Have changes of a parameter taken once all that are set with it are allowed; `check` raises VlaError against one.

    It is refused with that text.
    """

    def on_set(parameters: list[Parameter]) -> SetParametersResult:
        try:
            for parameter in parameters:
                if parameter.name == name:
                    check(parameter.value)
        except VlaError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def on_changed(parameters: list[Parameter]) -> None:
        for parameter in parameters:
            if parameter.name == name:
                take(parameter.value)

    node.add_on_set_parameters_callback(on_set)
    node.add_post_set_parameters_callback(on_changed)


def declare_list(node: Node, name: str, default: Sequence[str], description: str) -> tuple[str, ...]:
    """Declare a list of names and return it."""
    descriptor = ParameterDescriptor(description=description, read_only=True)
    try:
        # An empty list would be declared as bytes.
        value = list(default) or Parameter.Type.STRING_ARRAY
        return tuple(node.declare_parameter(name, value, descriptor).value or ())
    except InvalidParameterTypeException:
        raise ConfigError(f"{node.get_name()}: parameter '{name}' must be a list of names ({description})") from None


def declare_command(node: Node) -> str:
    """Declare what drives the arm and return it."""
    return declare(
        node, "command", "", "what drives the arm; empty: what it usually takes", choices=("", *COMMAND_MODES)
    )


def declare_cameras(node: Node, embodiment: Embodiment) -> Embodiment:
    """Declare which cameras there are and return the robot with these. Raises ConfigError for an unknown one."""
    names = declare(node, "cameras", "", "cameras, such as front,wrist; empty: those the robot usually has")
    try:
        return with_named_cameras(embodiment, names)
    except ConfigError as error:
        raise ConfigError(f"{node.get_name()}: cameras: {error}") from None


def declare_robot(node: Node) -> str:
    """Declare the robot's name and return it."""
    return declare(node, "robot", DEFAULT_ROBOT, "robot, a file of config/robots")
