# SPDX-License-Identifier: Apache-2.0
"""A graph as real launch and launch_ros actions, for `ros2 launch` on a full ROS 2 installation."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from controllers.errors import ConfigError
from vla_ros.launching.arguments import LaunchArgument, Value, secret_on_the_command_line
from vla_ros.launching.checks import check_launch
from vla_ros.launching.environment import ONE_THREAD
from vla_ros.launching.graph import Argument, Chosen, Derived, Given, Graph, NodeSpec
from vla_ros.launching.parameters import write_node_parameters
from vla_ros.launching.processes.child import LAST
from vla_ros.launching.processes.launcher_child import FOREIGN
from vla_ros.launching.restarting import refuse_restart
from vla_ros.launching.security import enclave, security_environment
from vla_ros.nodes.memory import MALLOC_ENVIRONMENT
from vla_ros.runtime.running import RunningGraph, refuse_taken, registered, used_keystore


def launch_description(graph: Graph) -> Any:
    """Return the launch.LaunchDescription of a graph.

    Raises ConfigError where ROS 2's launch is not installed: a folder named launch, or PyPI's unrelated package of
    that name, can be imported there all the same.
    """
    try:
        import launch_ros.actions  # noqa: F401

        from launch import LaunchDescription  # type: ignore[attr-defined]  # mypy sees the clone's folder launch/
    except ImportError as error:
        raise ConfigError(f"ROS 2's launch is not installed here ({error}): use `vla launch {graph.name}`") from None
    from launch.actions import OpaqueFunction, RegisterEventHandler
    from launch.event_handlers import OnShutdown

    from vla_ros.launching.ros_launch_ending import OrderlyEnd

    listed = ExitStack()  # among the graphs that `vla stop` finds, while it runs

    def prepare(context: Any) -> list:
        arguments = _checked(graph, context)
        context.launch_configurations.update({name: _text(value) for name, value in arguments.items()})
        settings = node_settings(arguments, context.environment)
        context.environment.update(settings)
        entry = _entry(graph, arguments, context.environment)
        refuse_taken(entry)
        listed.enter_context(registered(entry))
        folder = Path(listed.enter_context(TemporaryDirectory(prefix="vla_ros_parameters_")))
        for spec in graph.nodes:
            context.launch_configurations[_enclave(spec)] = enclave(spec.name, arguments)
            if spec.parameter_file is not None and spec.starts(arguments):
                made, *_ = write_node_parameters(folder, spec, arguments)
                context.launch_configurations[_made_file(spec)] = str(made)
            for name, value in spec.parameters.items():
                if isinstance(value, Derived):
                    context.launch_configurations[_derived(spec, name)] = str(value.value(arguments[value.name]))
        return []

    end = OrderlyEnd()
    nodes = {_node(graph, spec, end.options(spec)): spec for spec in graph.nodes if spec.possible}
    return LaunchDescription(
        [
            *(_declaration(argument) for argument in graph.arguments),
            OpaqueFunction(function=prepare),
            RegisterEventHandler(OnShutdown(on_shutdown=lambda event, context: listed.close())),
            *end.handlers(nodes),
            *nodes,
        ]
    )


def node_settings(arguments: Mapping[str, Value], environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the nodes need in their environment beside what is there.

    Unlike `vla launch`, no domain is chosen: whoever uses ros2 in other shells expects ROS_DOMAIN_ID, or 0.
    """
    settings = security_environment(arguments)
    settings |= {"ROS_AUTOMATIC_DISCOVERY_RANGE": str(arguments.get("discovery", "localhost")).upper()}
    if int(arguments.get("domain_id", -1)) >= 0:
        settings["ROS_DOMAIN_ID"] = str(arguments["domain_id"])
    defaults = {"MUJOCO_GL": "egl", **dict.fromkeys(ONE_THREAD, "1"), **MALLOC_ENVIRONMENT}
    return settings | {name: value for name, value in defaults.items() if name not in environment}


def misspelt(words: list[str], arguments: tuple[LaunchArgument, ...]) -> list[str]:
    """Return a line for each `name:=value` that looks like an argument of ours but is not: launch ignores those."""
    known = [argument.name for argument in arguments]
    lines = []
    for word in words:
        name, separator, _ = word.partition(":=")
        if separator and (secret := secret_on_the_command_line(name, known)):
            lines.append(secret)
        nearest = difflib.get_close_matches(name, known, 1, 0.75)
        if separator and name not in known and nearest:
            lines.append(f"launch argument '{name}' does not exist: did you mean '{nearest[0]}'?")
    return lines


def _checked(graph: Graph, context: Any) -> dict[str, Value]:
    """Return the arguments' values. Raises ConfigError for what would fail later, before anything is started."""
    wrong = misspelt(list(context.argv), graph.arguments)
    if wrong:
        raise ConfigError(wrong[0])
    words = [f"{a.name}:={context.launch_configurations[a.name]}" for a in graph.arguments]
    arguments = check_launch(graph, words)
    refuse_restart(arguments, "ros2 launch")
    return arguments


def _entry(graph: Graph, arguments: Mapping[str, Value], environment: Mapping[str, str]) -> RunningGraph:
    domain = environment.get("ROS_DOMAIN_ID", "")
    return RunningGraph(
        pid=os.getpid(),
        job=graph.name,
        domain_id=int(domain) if domain.isdigit() else 0,
        discovery=environment["ROS_AUTOMATIC_DISCOVERY_RANGE"],
        profile=environment.get("FASTRTPS_DEFAULT_PROFILES_FILE", ""),
        run_directory=str(arguments.get("run_directory", "")),
        namespace=str(arguments.get("namespace", "")),
        keystore=used_keystore(environment),
    )


def _declaration(argument: LaunchArgument) -> Any:
    from launch.actions import DeclareLaunchArgument

    # launch itself lists the choices.
    allowed = "" if argument.choices else f" ({argument.allowed()})"
    return DeclareLaunchArgument(
        argument.name,
        default_value=_text(argument.default),
        description=argument.description + allowed,
        choices=list(argument.choices) or None,
    )


def _node(graph: Graph, spec: NodeSpec, options: dict[str, Any]) -> Any:
    import launch_ros.actions
    from launch.conditions import IfCondition
    from launch.substitutions import (
        AllSubstitution,
        AnySubstitution,
        EqualsSubstitution,
        LaunchConfiguration,
        NotEqualsSubstitution,
    )
    from launch_ros.parameter_descriptions import ParameterFile, ParameterValue

    defaults = {argument.name: argument.default for argument in graph.arguments}

    def parameter(name: str, value: Given) -> Any:
        if isinstance(value, Chosen):
            return _chosen(value)
        if isinstance(value, Derived):
            return ParameterValue(LaunchConfiguration(_derived(spec, name)), value_type=float)
        if isinstance(value, Argument):
            return ParameterValue(LaunchConfiguration(value.name), value_type=type(defaults[value.name]))
        return value

    wanted: list[Any] = []
    if spec.condition:
        condition = LaunchConfiguration(spec.condition)
        wanted.append(NotEqualsSubstitution(condition, "") if defaults[spec.condition] == "" else condition)
    for name, words in spec.when.items():
        wanted.append(AnySubstitution(*(EqualsSubstitution(LaunchConfiguration(name), word) for word in words)))
    for name, words in spec.unless.items():
        wanted += [NotEqualsSubstitution(LaunchConfiguration(name), word) for word in words]
    if wanted:
        options = options | {"condition": IfCondition(AllSubstitution(*wanted) if len(wanted) > 1 else wanted[0])}
    prefix = [sys.executable, "-m", "vla_ros.launching.processes.launcher_child", *([] if spec.stops_first else [LAST])]
    prefix += [FOREIGN] if spec.package else []
    files = [ParameterFile(LaunchConfiguration(_made_file(spec)))] if spec.parameter_file else []
    return launch_ros.actions.Node(
        package=spec.package or "vla_ros",
        executable=spec.executable,
        exec_name=spec.executable,
        namespace=LaunchConfiguration("namespace") if "namespace" in defaults else "",
        arguments=list(spec.arguments),
        ros_arguments=["--enclave", LaunchConfiguration(_enclave(spec))],  # which counts where a keystore is used
        remappings=[*spec.remappings.items(), ("/clock", "clock")],
        output="screen",
        emulate_tty=True,
        prefix=[" ".join(prefix), " ", LaunchConfiguration("launch-prefix", default="")],
        parameters=[*files, {name: parameter(name, value) for name, value in spec.parameters.items()}],
        **options,
    )


def _made_file(spec: NodeSpec) -> str:
    """Return the launch configuration that says where the parameter file is that was made for a node."""
    return f"{spec.name}_parameter_file"


def _enclave(spec: NodeSpec) -> str:
    """Return the launch configuration that names a node's enclave."""
    return f"{spec.name}_enclave"


def _derived(spec: NodeSpec, parameter: str) -> str:
    """Return the launch configuration that holds what a parameter of a node was worked out to be."""
    return f"{spec.name}_{parameter}"


def _chosen(value: Chosen) -> Any:
    """Return the parameter that follows from another argument, chosen when the launch's arguments are known."""
    from launch.substitutions import EqualsSubstitution, IfElseSubstitution, LaunchConfiguration
    from launch_ros.parameter_descriptions import ParameterValue

    others = list(value.values.items())
    default = others.pop(0)[1] if value.other is None else value.other
    text: Any = _text(default)
    for word, other in others:
        equal = EqualsSubstitution(LaunchConfiguration(value.name), word)
        text = IfElseSubstitution(equal, if_value=_text(other), else_value=text)
    return ParameterValue(text, value_type=type(default))


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
