# SPDX-License-Identifier: Apache-2.0
"""Run one node module as `python -m` would, in a process that never outlives the launcher.

    python -m vla_ros.launching.processes.child [--last] <module> [arguments]

Standard input is a pipe that the launcher holds open. It closes when the launcher dies, however it dies: the node
is then asked to stop (SIGTERM), and its process group is killed if it does not. `--last` gives those that bring the
arm to rest the time for it, as in an ordinary end: they need its driver and its guard until it stands.
Errors a user can act on become one line and exit code 2; an interrupt leaves no trace-back.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
import traceback

from controllers.errors import VlaError

LAST = "--last"
GRACE_S = 1.5
REST_S = 1.0  # in which an arm comes to rest, whether the launcher lives or not


def _outlive_no_launcher(pipe: int, last: bool) -> None:
    while os.read(pipe, 4096):
        pass
    if last:
        time.sleep(REST_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os.killpg(os.getpgid(0), signal.SIGKILL)


def _watch_launcher(last: bool) -> None:
    # A copy, because a node may close or replace its standard input; a thread that blocks in read costs nothing.
    pipe = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    threading.Thread(target=_outlive_no_launcher, args=(pipe, last), name="launcher watch", daemon=True).start()


def _is_interrupt(error: BaseException | None) -> bool:
    """Tell whether an exception comes from an interrupt: some imports turn one into an error of their own."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _print_trace_back(error: BaseException) -> None:
    """Print the trace-back from the node's own code on: the frames above are the same for every node."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename in (__file__, "<frozen runpy>"):
        trace = trace.tb_next
    traceback.print_exception(error.with_traceback(trace))


def main() -> int:
    """Run the module named first, with the rest of the command line as its arguments."""
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # the launcher blocked it while Python started
        last = sys.argv[1] == LAST
        sys.argv = sys.argv[1 + last :]
        module = sys.argv[0]
        if os.getpgid(0) == os.getpid():  # the launcher gives each node a group; otherwise the kill would hit others
            _watch_launcher(last)
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except VlaError as error:
        print(error, file=sys.stderr)
        return 2
    except (KeyboardInterrupt, Exception) as error:
        if _is_interrupt(error):
            return 128 + signal.SIGINT
        _print_trace_back(error)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
