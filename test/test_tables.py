# SPDX-License-Identifier: Apache-2.0
"""Tables on terminals of every width: nothing is cut, and every name stays whole."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

import pytest
from rich.console import Console

from vla_ros.tables import print_table

METHODS = ("ours", "hold each step", "real-time chunking", "temporal ensembling")
HEADINGS = (
    "method",
    "finished",
    "time, × ideal",
    "jerk at transitions, peak",
    "step [mm]",
    "[mm/s]",
    "off the path [mm]",
)
ROWS = [(name, *(f"{10 * i + j}.25 ({i}.5e{j})" for j in range(len(HEADINGS) - 1))) for i, name in enumerate(METHODS)]


def printed(width: int, headings: tuple[str, ...], rows: list[tuple[str, ...]], terminal: bool = True) -> list[str]:
    stream = io.StringIO()
    print_table(Console(file=stream, width=width, force_terminal=terminal, color_system=None), headings, rows, "Title")
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", [50, 60, 80, 120, 200])
def test_every_heading_and_cell_is_whole_at_any_width(width):
    lines = printed(width, HEADINGS, ROWS)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "…" not in text
    for whole in (*HEADINGS, *(cell for row in ROWS for cell in row)):
        assert whole in text
    assert lines[0].strip() == "Title"


def test_what_fits_is_one_table():
    assert sum("method" in line for line in printed(200, HEADINGS, ROWS)) == 1


def test_what_is_wide_and_low_is_turned_on_its_side():
    lines = printed(60, HEADINGS, ROWS[:2])
    assert [line for line in lines if "ours" in line and "hold each step" in line]
    assert [line for line in lines if "step [mm]" in line and ROWS[0][4] in line and ROWS[1][4] in line]


def test_what_is_wide_and_high_goes_on_below_with_the_names_repeated():
    rows = [(f"{name} {k}", *row) for k in range(3) for name, *row in ROWS]
    lines = printed(60, HEADINGS, rows)
    parts = sum("method" in line for line in lines)
    assert parts > 1
    assert sum("real-time chunking 2" in line for line in lines) == parts


def test_a_long_text_is_broken_into_lines():
    words = "the arm came to rest and was held until control was enabled again"
    lines = printed(40, ("fault", "what became of it"), [("camera lost", words)])
    assert max(map(len, lines)) <= 40
    assert " ".join(" ".join(line.split("│")[2].split()) for line in lines if "│" in line) == words


def test_a_file_gets_the_whole_table():
    lines = printed(80, HEADINGS, ROWS, terminal=False)
    assert sum("method" in line for line in lines) == 1
    assert any(all(cell in line for cell in ROWS[0]) for line in lines)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_command_fits_its_terminal(width, environment):
    """`vla bench filters` in a real terminal."""
    leader, follower = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    words = [sys.executable, "-m", "vla_ros.cli", "bench", "filters"]
    terminal = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
    terminal["TERM"] = "xterm"
    process = subprocess.Popen(words, stdout=follower, stderr=follower, env=terminal)
    os.close(follower)
    shown = b""
    while True:
        try:
            block = os.read(leader, 65536)
        except OSError:  # Linux tells the end of a terminal so
            break
        shown += block
        if not block:
            break
    assert process.wait(timeout=30) == 0
    os.close(leader)
    text = Console(force_terminal=False).render_str(shown.decode()).plain
    rows = [line for line in text.splitlines() if "│" in line]
    assert rows
    assert max(map(len, rows)) <= width
    assert "…" not in text
    for name in ("Butterworth", "overshoot"):
        assert name in text
