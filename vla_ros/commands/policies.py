# SPDX-License-Identifier: Apache-2.0
"""List the policy families of this installation, or show what one needs of a robot and what it moves."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from vla_ros.robots.names import DEFAULT_ROBOT

if TYPE_CHECKING:
    from vla_ros.policies.families.family import PolicyFamily
    from vla_ros.policies.needs import CameraNeed, Needs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", choices=("list", "show"), help="what to do")
    parser.add_argument("policy", nargs="?", help="name of a family, or FILE.py:NAME of your own")
    parser.add_argument("--robot", default=DEFAULT_ROBOT,
                        help=f"the robot that it is shown for (default {DEFAULT_ROBOT})")  # fmt: skip
    parser.add_argument("--checkpoint", default="", metavar="DIR", help="folder of a learned policy's weights")
    parser.add_argument("--url", default="", metavar="URL", help="server that policy remote asks")
    parser.add_argument("--url-token-file", default="", metavar="FILE", help="of that server's token")
    parser.add_argument("--contract", default="", metavar="NAME",
                        help="what a server of others is told and means: see docs/serve.md")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """List or show."""
    from controllers.errors import ConfigError
    from vla_ros.policies.families.changed_settings import with_server
    from vla_ros.policies.families.loading import specified
    from vla_ros.policies.families.table import policy_names
    from vla_ros.robots.embodiment import load_embodiment

    if arguments.action == "list":
        width = max(len(name) for name in policy_names())
        print("\n".join(f"{name:<{width}}  {_summary(name)}" for name in policy_names()))
    elif arguments.policy is None:
        raise ConfigError(f"policies show which? one of: {', '.join(policy_names())}, or FILE.py:NAME of your own")
    else:
        robot = load_embodiment(arguments.robot)
        changes = with_server(
            arguments.policy, arguments.url, arguments.url_token_file, colon=" ", contract=arguments.contract
        )
        print(_description(specified(arguments.policy, robot, None, arguments.checkpoint, changes)))
    return 0


def _summary(name: str) -> str:
    from controllers.errors import ConfigError
    from vla_ros.policies.families.table import specification_of

    try:
        return specification_of(name).summary
    except ConfigError as error:  # one bad package must not hide the others
        return f"cannot be had: {error}"


def _description(family: PolicyFamily) -> str:
    from controllers.errors import ConfigError

    lines = [f"{family.choice.name}: {family.summary}"]
    if family.weights is not None:
        lines += [f"weights {family.weights}{f', {family.license}' if family.license else ''}"]
    try:
        family.check()
        lines += _needs(family.needs())
        gives = family.gives()
    except ConfigError as error:
        return "\n".join([*lines, f"cannot run on robot '{family.choice.robot.name}': {error}"])
    if gives is not None:
        lines += [f"gives {gives.horizon} {gives.reference} actions of {', '.join(gives.channels)}"]
    return "\n".join(lines)


def _needs(needs: Needs) -> list[str]:
    lines = [f"needs camera {_camera(camera)}" for camera in needs.cameras]
    groups = "every group" if needs.groups is None else ", ".join(needs.groups) or "no group"
    history = f", {needs.history_s:g} s back" if needs.history_s else ""
    return [*lines, f"needs the state of {groups}{history}", f"needs {'an' if needs.instruction else 'no'} instruction"]


def _camera(need: CameraNeed) -> str:
    size = f", {need.width}x{need.height}" if need.width else ""
    return f"{need.name}: {need.requirement}{size}{f', {need.history} earlier exposures' if need.history else ''}"
