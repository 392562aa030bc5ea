# SPDX-License-Identifier: Apache-2.0
"""Measure this machine: figures as a table, and with --json FILE as a flat map from name to number."""

from __future__ import annotations

import argparse
import ast
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError


class _Benchmarks(argparse._SubParsersAction):
    """A word for each benchmark, whose module is imported when it is requested: some take a second to load."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Declare the arguments of the benchmark that was requested, and parse them."""
        name = str(values[0]) if values else ""
        if name in self.choices:
            module = importlib.import_module(f"bench.{name}")
            module.add_arguments(self.choices[name])
            self.choices[name].set_defaults(measure=module.run)
        super().__call__(parser, namespace, values, option_string)


def bench_directory() -> Path:
    """Return the folder of benchmarks, which only a clone has."""
    return Path(__file__).resolve().parents[2] / "bench"


def benchmark_names() -> tuple[str, ...]:
    """List the benchmarks: the modules of bench/ that are commands."""
    files = sorted(bench_directory().glob("*.py"))
    return tuple(path.stem for path in files if "def run(" in path.read_text() and not path.stem.startswith("_"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the name of every benchmark."""
    names = benchmark_names()
    if not names:
        raise ConfigError("there are no benchmarks here: run `./vla bench` in a clone")
    root = bench_directory().parent
    sys.path[:0] = [str(root), str(root / "test" / "support")]  # benchmarks and tests share a rig
    metavar = "{" + ",".join(names) + "}"
    choices = parser.add_subparsers(dest="benchmark", required=True, metavar=metavar, action=_Benchmarks)
    for name in names:
        summary = ast.get_docstring(ast.parse((bench_directory() / f"{name}.py").read_text())) or ""
        choices.add_parser(name, help=summary.partition("\n")[0], description=summary)


def run(arguments: argparse.Namespace) -> int:
    """Run one benchmark."""
    return arguments.measure(arguments)
