# SPDX-License-Identifier: Apache-2.0
"""How much air an object's surface lets through, by its category: what a suction cup leaks there."""

from __future__ import annotations

# [m/(s·Pa)] volume flow for each area and pressure. Ours, not measured: of open-cell foam a cup of 15 mm takes four
# times what leaves half of its vacuum. All others count as tight, cardboard and wood as well.
_CONDUCTANCE = {"sponge": 5e-5}


def conductance(category: str) -> float:
    """Return what the surface of a category lets through [m/(s·Pa)]; 0: it is tight."""
    return _CONDUCTANCE.get(category, 0.0)
