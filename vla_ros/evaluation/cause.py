# SPDX-License-Identifier: Apache-2.0
"""Why an episode failed, in words: the same words in lockstep and through the graph."""

from __future__ import annotations

from vla_ros.tasks.grasping.lifting import Outcome

LIFTED_M = 0.03  # [m] from here on the named object had been off the table


def failure_cause(
    outcome: Outcome, target: str, first_lifted: str | None, attempts: int, lifted_max: float, reason: str = ""
) -> str:
    """Return the cause; empty for a success. `lifted_max` [m]; `reason` is what the policy or the graph said."""
    if outcome is Outcome.SUCCESS:
        return ""
    if outcome is Outcome.FALLEN:
        return outcome.value
    if outcome in (Outcome.GAVE_UP, Outcome.ERROR):
        return f"{outcome.value}: {reason}" if reason else outcome.value
    if first_lifted not in (None, target):
        return "another object lifted first"
    if attempts == 0:
        return "never closed the gripper"
    return "lifted, then lost" if lifted_max > LIFTED_M else "closed, nothing lifted"
