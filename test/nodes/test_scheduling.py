# SPDX-License-Identifier: Apache-2.0
"""How a node shares the processor; each time in a process of its own, which would be left as it has made itself."""

from __future__ import annotations

import subprocess
import sys


def test_who_is_punctual_is_as_nice_as_it_was_started(environment):
    code = (
        "import os, threading; from vla_ros.nodes.scheduling import prefer_punctuality; os.nice(7); "
        "threading.Thread(target=threading.Event().wait, daemon=True).start(); prefer_punctuality(); "
        "print({os.getpriority(os.PRIO_PROCESS, int(thread)) - os.getpriority(os.PRIO_PROCESS, os.getppid()) "
        "for thread in os.listdir('/proc/self/task')})"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{7}"
