# SPDX-License-Identifier: Apache-2.0
"""What a measure says about an episode."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was measured: what it costs and why, and the number behind it."""

    name: str  # of the figure, such as gap_s/joint_states
    value: float
    loss: float = 0.0  # share of the score, 0 … 1
    reason: str = ""  # in words; empty when nothing is lost


def score(findings: Iterable[Finding]) -> float:
    """Return 0 to 100."""
    return 100.0 * math.prod(1.0 - finding.loss for finding in findings)


def reasons(findings: Iterable[Finding]) -> list[str]:
    """Return why something was lost, what costs most first."""
    losing = sorted((finding for finding in findings if finding.loss > 0.0), key=lambda finding: -finding.loss)
    return [f"{finding.reason} (−{100.0 * finding.loss:.0f} %)" for finding in losing]
