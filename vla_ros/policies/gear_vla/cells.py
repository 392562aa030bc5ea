# SPDX-License-Identifier: Apache-2.0
"""How many cells a view has, for what sees and for what knows where it is."""

from __future__ import annotations

ROWS, COLUMNS = 9, 12
CELLS = ROWS * COLUMNS
