# SPDX-License-Identifier: Apache-2.0
"""What a measure says about an episode."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

REFUSED = "refused_by_conversion"  # kind of the finding that conversion makes no data of an episode


@dataclass(frozen=True)
class Finding:
    """One thing that was measured: what it costs and why, and the number behind it."""

    name: str  # of the figure: its kind, then of what, such as gap_s/joint_states
    value: float
    loss: float = 0.0  # share of the score, 0 … 1
    reason: str = ""  # in words
    topics: tuple[str, ...] = ()  # that it is about; none: about the motion, or the whole episode
    aside: bool = False  # about a topic that the data is not made of

    @property
    def kind(self) -> str:
        """Return what was measured."""
        return self.name.partition("/")[0]


def score(findings: Iterable[Finding]) -> float:
    """Return 0 to 100. Of each kind the worst counts: a camera that hiccups shows in all that it publishes."""
    return 100.0 * math.prod(1.0 - alike[0].loss for alike in _by_kind(findings))


def reasons(findings: Iterable[Finding]) -> list[str]:
    """Return why something was lost: a refusal, then what costs most, what the data is not made of last."""
    lines = []

    def order(alike: list[Finding]) -> tuple[bool, bool, float]:
        return alike[0].kind != REFUSED, alike[0].aside, -alike[0].loss

    for worst, *others in sorted(_by_kind(findings), key=order):
        also = f", and {len(others)} more" if others else ""
        lines.append(f"{worst.reason}{also} (−{100.0 * worst.loss:.0f} %)")
    return lines


def _by_kind(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Return those that cost something, kind by kind, the worst of each first; what is aside is of another kind."""
    kinds: dict[tuple[str, bool], list[Finding]] = {}
    for finding in findings:
        if finding.loss > 0.0:
            kinds.setdefault((finding.kind, finding.aside), []).append(finding)
    return [sorted(alike, key=lambda finding: -finding.loss) for alike in kinds.values()]
