# SPDX-License-Identifier: Apache-2.0
"""Processes that make scenes: none outlives the command that started them, however that ends."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

HOLDING = """
import os, sys, time
from vla_ros.training.candidates.scene_pools import ProcessScenes
if __name__ == "__main__":
    pool = ProcessScenes(1)
    print(pool._pool.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


def there(process: int) -> bool:
    """Say whether a process runs: one that is dead but not yet reaped does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_a_worker_ends_with_the_command_that_started_it(tmp_path, end):
    program = tmp_path / "holding.py"
    program.write_text(HOLDING)
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        worker = int(command.stdout.readline())
        assert there(worker)
        getattr(command, end)()
        command.wait(10.0)
    deadline = time.monotonic() + 10.0
    while there(worker):
        assert time.monotonic() < deadline, "the worker waits for work for ever"
        time.sleep(0.05)
