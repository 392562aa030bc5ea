# SPDX-License-Identifier: Apache-2.0
"""`control/transitions`: one status for each chunk, how it was spliced or why it was refused."""

from __future__ import annotations

from dataclasses import asdict

from diagnostic_msgs.msg import DiagnosticStatus

from controllers.chunks.motion import Transition
from vla_ros import messages
from vla_ros.nodes.arm.progress import NAME


def spliced(transition: Transition, source: str, takes_over: float) -> DiagnosticStatus:
    """Return the report of an accepted chunk, sampled from `takes_over` [s, monotonic] on.

    Its message is the note, empty for an ordinary transition.
    """
    values = {
        name: f"{value:.6g}" if isinstance(value, float) else str(value) for name, value in asdict(transition).items()
    }
    note = values.pop("note")
    return messages.diagnostic(NAME, messages.OK, note, {"source": source, "takes_over": f"{takes_over:.6f}"} | values)


def refused(reason: str, source: str) -> DiagnosticStatus:
    """Return the report of a refused chunk."""
    return messages.diagnostic(NAME, messages.WARN, reason, {"source": source})
