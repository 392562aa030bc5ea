# SPDX-License-Identifier: Apache-2.0
"""What tests take of the processor is told by module: their own work, that of their processes, and no waiting."""

from __future__ import annotations

import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from processor_time import SHOWN, ProcessorTime

BURN = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"


def run(plugin: ProcessorTime, module: str, work) -> None:
    measured = plugin.pytest_runtest_protocol(SimpleNamespace(nodeid=f"{module}::test_it"))
    next(measured)
    work()
    with pytest.raises(StopIteration):
        next(measured)


def test_processes_count_and_waiting_does_not():
    plugin = ProcessorTime()
    run(plugin, "test/a.py", lambda: subprocess.run([sys.executable, "-c", BURN], check=True))
    run(plugin, "test/b.py", lambda: time.sleep(0.4))
    run(plugin, "test/a.py", lambda: exec(BURN))
    assert plugin.spent["test/a.py"] > 0.55
    assert plugin.spent["test/b.py"] < 0.2


def test_workers_are_added_up_and_a_few_modules_are_not_worth_a_table():
    plugin, lines = ProcessorTime(), []
    reporter = SimpleNamespace(section=lines.append, write_line=lines.append)
    plugin.pytest_testnodedown(SimpleNamespace(workeroutput={"processor_time": {"test/a.py": 2.0}}))
    plugin.pytest_testnodedown(SimpleNamespace(workeroutput={"processor_time": {"test/a.py": 1.5}}))
    plugin.pytest_terminal_summary(reporter)
    assert not lines
    plugin.spent.update({f"test/{number}.py": 0.01 for number in range(SHOWN)})
    plugin.pytest_terminal_summary(reporter)
    assert lines[0] == f"processor time: {3.5 + 0.01 * SHOWN:.0f} s"
    assert lines[1] == "    3.5 s  test/a.py"
    assert len(lines) == SHOWN + 1
