# SPDX-License-Identifier: Apache-2.0
"""What a measure says about an episode."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was measured: what it costs and why, and the number behind it."""

    name: str  # of the figure: its kind, then of what, such as gap_s/joint_states
    value: float
    loss: float = 0.0  # share of the score, 0 … 1
    reason: str = ""  # in words

    @property
    def kind(self) -> str:
        """Return what was measured."""
        return self.name.partition("/")[0]


def score(findings: Iterable[Finding]) -> float:
    """Return 0 to 100. Of each kind the worst counts: a camera that hiccups shows in all that it publishes."""
    return 100.0 * math.prod(1.0 - alike[0].loss for alike in _by_kind(findings))


def reasons(findings: Iterable[Finding]) -> list[str]:
    """Return why something was lost, what costs most first."""
    lines = []
    for worst, *others in sorted(_by_kind(findings), key=lambda alike: -alike[0].loss):
        also = f", and {len(others)} more" if others else ""
        lines.append(f"{worst.reason}{also} (−{100.0 * worst.loss:.0f} %)")
    return lines


def _by_kind(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Return those that cost something, kind by kind, the worst of each first."""
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.loss > 0.0:
            kinds.setdefault(finding.kind, []).append(finding)
    return [sorted(alike, key=lambda finding: -finding.loss) for alike in kinds.values()]
