# SPDX-License-Identifier: Apache-2.0
"""Measure this machine: figures as a table, and with --json FILE as a flat map from name to number."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from controllers.errors import ConfigError


def bench_directory() -> Path:
    """Return the folder of benchmarks, which only a clone has."""
    return Path(__file__).resolve().parents[2] / "bench"


def benchmark_names() -> tuple[str, ...]:
    """List the benchmarks: the modules of bench/ that are commands."""
    files = sorted(bench_directory().glob("*.py"))
    return tuple(path.stem for path in files if "def run(" in path.read_text() and not path.stem.startswith("_"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of every benchmark under its name."""
    names = benchmark_names()
    if not names:
        raise ConfigError("there are no benchmarks here: run `./vla bench` in a clone")
    sys.path.insert(0, str(bench_directory().parent))
    choices = parser.add_subparsers(dest="benchmark", required=True, metavar="{" + ",".join(names) + "}")
    for name in names:
        module = importlib.import_module(f"bench.{name}")
        summary = (module.__doc__ or "").strip()
        child = choices.add_parser(name, help=summary.partition("\n")[0], description=summary)
        module.add_arguments(child)
        child.set_defaults(measure=module.run)


def run(arguments: argparse.Namespace) -> int:
    """Run one benchmark."""
    return arguments.measure(arguments)
