# SPDX-License-Identifier: Apache-2.0
"""What every benchmark does with its figures: a table for people, a flat JSON file, name → number, for programs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping

from vla_ros.output_file import OutputFile, write_output


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """Declare --json."""
    parser.add_argument("--json", action=OutputFile, metavar="FILE", help="also write the figures, name → number")


def report(figures: Mapping[str, float], json_file: str | None, digits: int = 10) -> None:
    """Print the figures, `digits` wide, and write the JSON file where one is requested."""
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {value:{digits}.3f}")
    write_json(figures, json_file)


def write_json(figures: Mapping[str, float], json_file: str | None) -> None:
    """Write the JSON file where one is requested. Raises ConfigError when it cannot be written."""
    if json_file:
        write_output("--json", json_file, json.dumps(figures, indent=2))
