# SPDX-License-Identifier: Apache-2.0
"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CheckResult:
    """One line of the doctor.

    `ok`: nothing needs to be done here; a `remedy` is then advice for those who want more, a real arm for instance.
    `fatal`: jobs do not run until it is done.
    """

    name: str
    state: str
    remedy: str = ""
    ok: bool = True
    fatal: bool = False

    @property
    def mark(self) -> str:
        """Return how a person reads it: ok, note, warn or FAIL."""
        if self.ok:
            return "note" if self.remedy else "ok"
        return "FAIL" if self.fatal else "warn"


def missing(name: str, state: str, remedy: str) -> CheckResult:
    """Return a result that keeps jobs from running."""
    return CheckResult(name, state, remedy, ok=False, fatal=True)


def poor(name: str, state: str, remedy: str) -> CheckResult:
    """Return a result with which jobs run, badly or not all of them."""
    return CheckResult(name, state, remedy, ok=False)
