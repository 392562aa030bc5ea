# SPDX-License-Identifier: Apache-2.0
"""Tools by their name in config/tools, by the path of a YAML file, or drawn from a seed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.configuration import config_names, config_path, load_config
from vla_ros.robots.tools.description import Tool
from vla_ros.robots.tools.generator import PREFIX, SEED_MAX, draw_tool, seed_of


def tool_names() -> tuple[str, ...]:
    """Name the tools of config/tools."""
    return config_names("tools")


def load_tool(tool: str) -> Tool:
    """Read a tool by its name, or by the path of its YAML file; drawn_<seed> is the one of a seed.

    Raises ConfigError that names the nearest known tool or the bad key.
    """
    seed = seed_of(tool)
    if seed is not None:
        return draw_tool(seed)
    if tool.startswith(PREFIX) and tool not in tool_names() and not Path(tool).exists():
        raise ConfigError(f"unknown tool '{tool}': of the generator's are {PREFIX}0 to {PREFIX}{SEED_MAX}, by seed")
    return _read(config_path("tools", "tool", tool))


@lru_cache(maxsize=32)
def _read(path: Path) -> Tool:
    return load_config(path, Tool)
