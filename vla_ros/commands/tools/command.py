# SPDX-License-Identifier: Apache-2.0
"""List the end-of-arm tools, or show some with their cups and fingers.

A tool is named as in `list`, by the path of its YAML file, or drawn_<seed> for one that is drawn from a seed. A robot
carries one by <robot>+<tool>, as in `launch policy robot:=ur5e+hybrid`. `show --picture` draws a tool from below, where
what it takes is, and from its side, with what goes out; without a name it draws all of `list`.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from vla_ros.output_file import OutputFile

if TYPE_CHECKING:
    from vla_ros.robots.tools.description import Tool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", choices=("list", "show"), help="what to do")
    parser.add_argument(
        "tools", nargs="*", default=[], metavar="NAME", help="a tool's name, the path of its file, or drawn_<seed>"
    )
    parser.add_argument(
        "--picture", metavar="FILE.png", action=OutputFile, suffix=".png", help="show: draw the tools into this file"
    )


def run(arguments: argparse.Namespace) -> int:
    """List or show."""
    from rich.console import Console

    from controllers.errors import ConfigError
    from vla_ros.robots.tools.named import load_tool, tool_names
    from vla_ros.tables import print_table

    if arguments.action == "list":
        if arguments.picture or arguments.tools:
            raise ConfigError("`tools list` takes neither names nor --picture: `tools show` does")
        rows = [_row(load_tool(name)) for name in tool_names()]
        print_table(Console(), ("name", "cups", "fingers", "modes", "mass"), rows, box=None, pad_edge=False)
        return 0
    if not arguments.tools and not arguments.picture:
        raise ConfigError(f"tools show which? one of: {', '.join(tool_names())}, or drawn_<seed>")
    tools = [load_tool(name) for name in arguments.tools or tool_names()]
    if arguments.picture:
        _draw(tools, arguments.picture)
    else:
        print("\n\n".join(_description(tool) for tool in tools))
    return 0


def _draw(tools: list[Tool], file: str) -> None:
    from vla_ros.commands.tools.picture import tool_sheet
    from vla_ros.output_file import write_output

    write_output("--picture", file, tool_sheet(tools))
    print(file)


def _row(tool: Tool) -> tuple[str, ...]:
    return tool.name, str(len(tool.cups)), str(len(tool.fingers)), ", ".join(tool.modes), f"{tool.mass:g} kg"


def _description(tool: Tool) -> str:
    lines = [
        f"{tool.name}: {' or '.join(tool.modes)}; {tool.mass:g} kg, {_mm(tool.height)} from the flange to the plane of "
        f"its lips or tips, body within {_mm(tool.body_radius)} of its axis"
    ]
    if tool.cups:
        lines.append(f"vacuum {1e-3 * tool.vacuum:g} kPa")
    if tool.fingers:
        lines.append(f"opening {_mm(tool.opening)}")
    lines.append("  element            x [mm]    y [mm]  radius [mm]  goes out [mm]")
    lines += [
        f"  {one.name:<14} {1e3 * one.x:>10.1f} {1e3 * one.y:>9.1f} {1e3 * one.radius:>12.1f} {1e3 * one.stroke:>14.1f}"
        for one in tool.elements
    ]
    return "\n".join(lines)


def _mm(length: float) -> str:
    return f"{1e3 * length:g} mm"
