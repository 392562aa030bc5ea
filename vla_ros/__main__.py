# SPDX-License-Identifier: Apache-2.0
"""`python -m vla_ros`: the command line, quiet when it is interrupted before it has begun or after it has ended."""

from __future__ import annotations

import signal

# Until the command line can say what an interrupt means it ends the process, which prints nothing. `./vla` starts
# Python with the signal held back, so that none arrives in what Python itself imports. One that is ignored stays so.
_ours = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
if _ours:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

from vla_ros.cli import main  # noqa: E402


def run() -> int:
    """Run one command and return the exit code."""
    try:
        return main(begin=_take_interrupts)
    except KeyboardInterrupt:
        return 130
    finally:
        if _ours:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _take_interrupts() -> None:
    if _ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)


if __name__ == "__main__":
    raise SystemExit(run())
