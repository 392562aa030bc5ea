# SPDX-License-Identifier: Apache-2.0
"""Why there is no plan, in words."""

from __future__ import annotations

from controllers.errors import VlaError


class PlanningError(VlaError):
    """Base of every reason why a motion cannot be planned."""


class JointLimitError(PlanningError):
    """The start or the goal lies outside a joint's limits."""


class UnreachableError(PlanningError):
    """No joint configuration takes the tool to the wanted pose."""


class StartCollisionError(PlanningError):
    """The arm touches something, or comes closer than the margin, where it is."""


class GoalCollisionError(PlanningError):
    """The arm would touch something, or come closer than the margin, at the goal."""


class NoPathError(PlanningError):
    """No path was found within the budget."""
