# SPDX-License-Identifier: Apache-2.0
"""What a node between control and a robot says: trouble at once, a stream of dropped commands as one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from vla_ros import messages
from vla_ros.nodes import trouble_report
from vla_ros.nodes.trouble_report import REPORT_S, TroubleReport

STEP_S = 0.002


class Said:
    """A node whose log and diagnostics are kept, and a clock that is told to go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.errors: list[str] = []
        self.statuses: list[DiagnosticStatus] = []
        self.now = 100.0  # [s]
        monkeypatch.setattr(trouble_report, "time", SimpleNamespace(monotonic=lambda: self.now))

    def create_publisher(self, *_: object) -> SimpleNamespace:
        def publish(message: DiagnosticArray) -> None:
            self.statuses += message.status

        return SimpleNamespace(publish=publish)

    def get_logger(self) -> SimpleNamespace:
        return SimpleNamespace(error=self.errors.append)

    def get_clock(self) -> SimpleNamespace:
        return SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=int(1e9 * self.now)))


@pytest.fixture
def said(monkeypatch):
    return Said(monkeypatch)


@pytest.mark.parametrize("every", [1, 2, 7])
def test_a_stream_of_refused_commands_is_said_once_a_second_and_nothing_else_in_between(said, every):
    report = TroubleReport(said, "sdk")
    steps = round(3.0 / STEP_S)
    for step in range(steps):
        if step % every == 0:
            report.refuse(f"joint1 is to jump by {0.4 + 1e-3 * step:.3f}")
        report.say("", "all arms answer", {})
        said.now += STEP_S
    assert {status.level for status in said.statuses} == {messages.ERROR}
    assert 3 <= len(said.statuses) <= 4
    assert len(said.errors) == len(said.statuses)
    said.now += REPORT_S
    report.say("", "all arms answer", {})
    assert (said.statuses[-1].level, said.statuses[-1].message) == (messages.OK, "all arms answer")


def test_trouble_is_said_at_once_whatever_is_refused_and_ends_at_once(said):
    report = TroubleReport(said, "sdk")
    report.say("", "all arms answer", {})
    report.refuse("not finite")
    report.say("", "all arms answer", {})
    report.say("left: collision", "all arms answer", {})
    report.say("left: too hot", "all arms answer", {})
    said.now += REPORT_S
    report.say("", "all arms answer", {})
    assert [status.message for status in said.statuses] == [
        "all arms answer", "not finite", "left: collision", "left: too hot", "all arms answer",
    ]  # fmt: skip
    assert said.errors == ["not finite", "left: collision", "left: too hot"]
