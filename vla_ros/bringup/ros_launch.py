# SPDX-License-Identifier: Apache-2.0
"""A graph as real launch and launch_ros actions, for `ros2 launch` on a full ROS 2 installation."""

from __future__ import annotations

from typing import Any

from controllers.errors import ConfigError
from vla_ros.bringup.arguments import LaunchArgument, Value, parse_assignments
from vla_ros.bringup.graph import Argument, Graph, NodeSpec, Parameter
from vla_ros.bringup.supervisor import DEATH_GRACE_S


def launch_description(graph: Graph) -> Any:
    """Return the launch.LaunchDescription of a graph.

    Raises ConfigError where ROS 2's launch is not installed: a folder named launch, or PyPI's unrelated package of
    that name, can be imported there all the same.
    """
    try:
        import launch_ros.actions
        from launch_ros.parameter_descriptions import ParameterValue

        from launch import LaunchDescription  # type: ignore[attr-defined]  # mypy sees the clone's folder launch/
    except ImportError:
        raise ConfigError(f"ROS 2's launch is not installed here: use `vla launch {graph.name}`") from None
    from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable, Shutdown, TimerAction
    from launch.conditions import IfCondition
    from launch.substitutions import EqualsSubstitution, LaunchConfiguration

    def check(context: Any) -> list:
        words = [f"{a.name}:={context.launch_configurations[a.name]}" for a in graph.arguments]
        arguments = parse_assignments(words, graph.arguments)
        graph.check(arguments)
        settings = {"MUJOCO_GL": "egl", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        settings["ROS_AUTOMATIC_DISCOVERY_RANGE"] = str(arguments.get("discovery", "localhost")).upper()
        if int(arguments.get("domain_id", -1)) >= 0:
            settings["ROS_DOMAIN_ID"] = str(arguments["domain_id"])
        return [SetEnvironmentVariable(name, value) for name, value in settings.items()]

    names = {argument.name for argument in graph.arguments}

    def declare(argument: LaunchArgument) -> Any:
        choices = list(argument.choices) or None
        return DeclareLaunchArgument(
            argument.name,
            default_value=_text(argument.default),
            description=f"{argument.description} ({argument.allowed()})",
            choices=choices,
        )

    def parameter(value: Parameter | Argument) -> Any:
        if isinstance(value, Argument):
            default = next(a.default for a in graph.arguments if a.name == value.name)
            return ParameterValue(LaunchConfiguration(value.name), value_type=type(default))
        return value

    def node(spec: NodeSpec) -> Any:
        options: dict[str, Any] = {}
        if spec.condition:
            value = LaunchConfiguration(spec.condition)
            is_switch = spec.condition_value is True  # IfCondition itself knows True, 1 and the like
            wanted = value if is_switch else EqualsSubstitution(value, _text(spec.condition_value))
            options["condition"] = IfCondition(wanted)
        if spec.decides:
            options["on_exit"] = [Shutdown(reason=f"{spec.name} finished")]
        elif spec.ends:
            options["on_exit"] = _shutdown_unless_done(spec.name)
        elif spec.required:
            options["on_exit"] = [TimerAction(period=DEATH_GRACE_S, actions=[Shutdown(reason=f"{spec.name} died")])]
        return launch_ros.actions.Node(
            package="vla_ros",
            executable=spec.executable,
            namespace=LaunchConfiguration("namespace") if "namespace" in names else "",
            remappings=[("/clock", "clock")],
            output="screen",
            emulate_tty=True,
            parameters=[{name: parameter(value) for name, value in spec.parameters.items()}],
            **options,
        )

    return LaunchDescription(
        [
            *(declare(argument) for argument in graph.arguments),
            OpaqueFunction(function=check),
            *(node(spec) for spec in graph.nodes),
        ]
    )


def _shutdown_unless_done(name: str) -> Any:
    """Return an on_exit handler that ends the launch when the node did not do what it was for."""
    from launch.actions import Shutdown

    def handle(event: Any, context: Any) -> list:
        return [Shutdown(reason=f"{name} failed")] if event.returncode else []

    return handle


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
