# SPDX-License-Identifier: Apache-2.0
"""Names of the columns that say what pictures show and which actions are examples, as `vla generate` writes them.

Shape legend: N objects.
"""

from __future__ import annotations

PREFIX = "annotation."
OBJECT_NAMES = PREFIX + "objects"  # "red mug;blue can", one for each row of the boxes
TARGET = PREFIX + "target"  # row of the object that the instruction means
RECEPTACLE = PREFIX + "receptacle"  # row of the object into which it says to put something
VALID = PREFIX + "action_valid"  # 0: the action is no example
_BOXES = PREFIX + "boxes."


def boxes_column(camera: str) -> str:
    """Name the column of a camera's boxes: (N, 5), x1, y1, x2, y2 [px] and the share of the object that is seen."""
    return f"{_BOXES}{camera}"
