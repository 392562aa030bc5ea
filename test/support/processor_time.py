# SPDX-License-Identifier: Apache-2.0
"""Which modules take the processor's time, their processes included: it bounds how fast the whole suite can be."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from rig import node_server

SHOWN = 20  # modules
KEY = "processor_time"  # under which a worker of pytest-xdist hands its own over


class ProcessorTime:
    """A plugin of pytest: it measures every test and, at the end of a part of the suite, names what took most."""

    def __init__(self) -> None:
        """Start with nothing measured."""
        self.spent: Counter[str] = Counter()  # [s] by module

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Add what a test took, its fixtures and the processes that have ended with it."""
        before = _spent()
        try:
            return (yield)
        finally:
            self.spent[item.nodeid.partition("::")[0]] += _spent() - before

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over what a worker has measured."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[KEY] = dict(self.spent)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Take what a worker has measured."""
        self.spent.update(getattr(node, "workeroutput", {}).get(KEY, {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the modules that took most, where more ran than anybody would read through."""
        if len(self.spent) <= SHOWN:
            return
        terminalreporter.section(f"processor time: {sum(self.spent.values()):.0f} s")
        for module, seconds in self.spent.most_common(SHOWN):
            terminalreporter.write_line(f"{seconds:7.1f} s  {module}")


def _spent() -> float:
    """Return the processor time [s] of this process and of the children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system + node_server.processor_time()
