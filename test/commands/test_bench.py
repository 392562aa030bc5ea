# SPDX-License-Identifier: Apache-2.0
"""`vla bench`: which benchmarks there are, and that one is loaded when it is requested."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vla_ros.cli import main
from vla_ros.commands.bench import benchmark_names


def loaded_after(*words: str) -> set[str]:
    """Return the modules that a fresh process has loaded after `vla bench words`."""
    code = (
        "import contextlib, io, sys\n"
        "from vla_ros.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):\n"
        "    with contextlib.suppress(SystemExit):\n"
        f"        main(['bench', *{list(words)!r}])\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    return set(done.stdout.split())


def test_the_overview_loads_no_benchmark():
    loaded = loaded_after("--help")
    assert not {name for name in loaded if name.startswith("bench.")}
    assert "numpy" not in loaded


def test_a_benchmark_is_loaded_without_the_others():
    loaded = loaded_after("control", "--seconds", "-1")
    assert "bench.control" in loaded
    assert not {"bench.planning", "bench.view", "ompl"} & loaded


@pytest.mark.parametrize("name", benchmark_names())
def test_help_says_what_it_is_and_its_options(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["bench", name, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: vla bench {name} [-h]")
    assert "--json FILE" in shown
    summary = sys.modules[f"bench.{name}"].__doc__.strip()
    assert " ".join(summary.split())[:60] in " ".join(shown.split())


@pytest.mark.parametrize(("words", "said"), [(["nothing"], "invalid choice: 'nothing'"), ([], "required")])
def test_a_name_is_needed(words, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["bench", *words])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
