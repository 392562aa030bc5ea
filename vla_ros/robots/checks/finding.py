# SPDX-License-Identifier: Apache-2.0
"""What a check says: one sentence, how grave it is, and the figures behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

OK, WARNING, PROBLEM = "ok", "warning", "problem"


@dataclass(frozen=True)
class Finding:
    """One answer of a check. `said` names value and remedy where it is a warning or a problem."""

    check: str
    level: str  # OK, WARNING or PROBLEM
    said: str
    figures: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it for a file."""
        return {"check": self.check, "level": self.level, "said": self.said, "figures": self.figures}


def complaints_or(found: list[Finding], check: str, said: str, **figures: Any) -> list[Finding]:
    """Return the complaints, or what there is to say where there are none."""
    return found or [Finding(check, OK, said, figures)]
