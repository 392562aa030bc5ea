# SPDX-License-Identifier: Apache-2.0
"""What every benchmark does with its figures: a table for people, a flat JSON file, name → number, for programs."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path

from controllers.errors import ConfigError


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """Declare --json."""
    parser.add_argument("--json", metavar="FILE", help="also write the figures, name → number")


def report(figures: Mapping[str, float], json_file: str | None, digits: int = 10) -> None:
    """Print the figures, `digits` wide, and write the JSON file where one is asked for."""
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {value:{digits}.3f}")
    write_json(figures, json_file)


def write_json(figures: Mapping[str, float], json_file: str | None) -> None:
    """Write the JSON file where one is asked for. Raises ConfigError when it cannot be written."""
    if json_file:
        write_file("--json", json_file, json.dumps(figures, indent=2))


def write_file(option: str, path: str, text: str) -> None:
    """Write what a command-line option names. Raises ConfigError when it cannot be written."""
    try:
        Path(path).write_text(text)
    except OSError as error:
        raise ConfigError(f"{option} {path}: cannot be written ({error.strerror})") from error


def check_output(option: str, path: str | None) -> None:
    """Raise ConfigError before long work when what a command-line option names could not be written after it."""
    if path and not os.access(Path(path).resolve().parent, os.W_OK | os.X_OK):
        raise ConfigError(f"{option} {path}: its folder does not exist or may not be written: make it first")
