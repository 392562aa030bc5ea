# SPDX-License-Identifier: Apache-2.0
"""How a node shares the processor; each time in a process of its own, which would be left as it has made itself."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_who_is_punctual_is_as_nice_as_it_was_started(environment):
    code = (
        "import os, threading; from vla_ros.nodes.scheduling import prefer_punctuality; os.nice(7); "
        "threading.Thread(target=threading.Event().wait, daemon=True).start(); prefer_punctuality(); "
        "print({os.getpriority(os.PRIO_PROCESS, int(thread)) - os.getpriority(os.PRIO_PROCESS, os.getppid()) "
        "for thread in os.listdir('/proc/self/task')})"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{7}"


def test_a_thread_that_made_itself_more_urgent_is_left_so(environment):
    code = (
        "import os, threading; from vla_ros.nodes.scheduling import prefer_punctuality; woken = threading.Event()\n"
        "urgent = os.sched_param(40)\n"
        "def work(): os.sched_setscheduler(0, os.SCHED_FIFO, urgent); woken.set(); threading.Event().wait()\n"
        "thread = threading.Thread(target=work, daemon=True); thread.start()\n"
        "print('granted' if woken.wait(2.0) else 'refused'); prefer_punctuality(15)\n"
        "print(os.sched_getparam(0).sched_priority, os.sched_getparam(thread.native_id).sched_priority)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    granted, priorities = done.stdout.strip().splitlines()
    if granted == "refused":
        pytest.skip("real-time scheduling is not permitted here")
    assert priorities == "15 40"


def test_a_process_that_is_prepared_looks_at_no_loaded_module_for_its_first_message(environment):
    """As the first message of any other does: control read no joint state for 125 ms of its first e-stop."""
    code = (
        "import inspect, sys, unittest.mock as mock, vla_ros.nodes.control_node, rclpy\n"
        "from vla_ros.nodes.scheduling import prepare_logging\n"
        "if sys.argv[1] == 'prepared': prepare_logging()\n"
        "with mock.patch('inspect.getabsfile', side_effect=inspect.getabsfile) as looked_at:\n"
        "    rclpy.logging.get_logger('control').warning('e-stop')\n"
        "print(looked_at.call_count)"
    )
    counts = {}
    for who in ("prepared", "another"):
        command = [sys.executable, "-c", code, who]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        counts[who] = int(done.stdout)
    assert counts["prepared"] < 10 < 500 < counts["another"], counts
