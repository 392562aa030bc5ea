# SPDX-License-Identifier: Apache-2.0
"""What a node is told when it is started again after its death, so that it neither moves an arm nor loses a recording.

Control and guard begin with the e-stop latched: which of the two died, and whether a person had stopped the arm, the
new one cannot know. So a person releases it (`vla recover`), and then whoever enables control today enables it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.launching.arguments import LaunchArgument, Value
from vla_ros.launching.graph import Parameter

ON_FAILURE, STOP, RESTART = "on_failure", "stop", "restart"
NO_WORLD = "the simulated world is gone with it, and what the arm held"
NO_DRIVER = "it stands between us and the robot: a person must look at the robot first"
NO_MIDDLE = "a recorded motion must not begin anew in its middle"
NO_JUDGE = "what it has seen of the episode is gone with it"


def failure_argument() -> LaunchArgument:
    """Return the launch argument that says what follows a node's death."""
    return LaunchArgument(
        ON_FAILURE,
        STOP,
        "a node dies: the job stops, or the node is started again where that is safe (docs/safety.md)",
        choices=(STOP, RESTART),
    )


def refuse_restart(arguments: Mapping[str, Value], tool: str) -> None:
    """Raise ConfigError for a launcher that starts nothing again."""
    if arguments.get(ON_FAILURE, STOP) != STOP:
        raise ConfigError(f"{ON_FAILURE}:={arguments[ON_FAILURE]}: {tool} starts no node again: use `vla launch`")


def as_before(values: Mapping[str, Parameter], number: int) -> Mapping[str, Parameter]:
    """Change nothing."""
    return {}


def managed_again(values: Mapping[str, Parameter], number: int) -> Mapping[str, Parameter]:
    """Have a managed node become active by itself: the manager that brought the graph up has ended."""
    return {"autostart": True}


def page_again(values: Mapping[str, Parameter], number: int) -> Mapping[str, Parameter]:
    """Have an operator's bridge come back under the token that the page knows."""
    return {"autostart": True, "new_token": False}


def control_again(values: Mapping[str, Parameter], number: int) -> Mapping[str, Parameter]:
    """Have control come back disabled, and with the e-stop latched."""
    return {"autostart": True, "estop": True}


def guard_again(values: Mapping[str, Parameter], number: int) -> Mapping[str, Parameter]:
    """Have the guard come back with the e-stop latched."""
    return {"estop": True}


def recorder_again(values: Mapping[str, Parameter], number: int) -> Mapping[str, Parameter]:
    """Have a recorder begin another bag, beside what its forerunner left: `bag`, `bag-2`, `bag-3`."""
    if values.get("episodes"):
        return {}  # a bag for each episode: the next number is free
    from vla_ros.data.bags.location import PARTIAL

    first = Path(str(values["directory"]))
    part = number + 1
    while any(first.with_name(f"{first.name}-{part}{ending}").exists() for ending in ("", PARTIAL)):
        part += 1
    return {"directory": str(first.with_name(f"{first.name}-{part}"))}
