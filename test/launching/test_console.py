# SPDX-License-Identifier: Apache-2.0
"""The log of a launch that goes on for long: whole lines, private, and no more than so much of them."""

from __future__ import annotations

import io

from vla_ros.launching.processes.console import LOGS_KEPT, Console


def test_a_full_log_begins_anew_and_the_newest_full_ones_are_kept(tmp_path):
    log = tmp_path / "log.txt"
    console = Console(["policy"], log, io.StringIO(), log_bytes_max=1000)
    for number in range(600):
        console.node_line("policy", f"line {number}")
    console.close()
    logs = [tmp_path / f"log.{number}.txt" for number in range(LOGS_KEPT, 0, -1)] + [log]
    assert sorted(tmp_path.iterdir()) == sorted(logs)
    assert all(path.stat().st_size < 1100 for path in logs)
    assert all(path.stat().st_mode & 0o077 == 0 for path in logs)
    lines = [line for path in logs for line in path.read_text().splitlines()]
    assert lines == [f"[policy] line {number}" for number in range(600 - len(lines), 600)]
    assert len(lines) > 3 * 1000 // len("[policy] line 100\n")


def test_a_log_that_is_not_full_stays_one_file(tmp_path):
    console = Console(["policy"], tmp_path / "log.txt", io.StringIO())
    console.log("one line")
    console.close()
    assert [path.name for path in tmp_path.iterdir()] == ["log.txt"]
