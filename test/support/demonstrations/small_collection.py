# SPDX-License-Identifier: Apache-2.0
"""A collection of four cells."""

from __future__ import annotations

TASK = {
    "name": "test",
    "simulated": True,
    "seed": 50,
    "each": 2,
    "actions": {"pick up": {"instruction": "pick up the {object}"}},
    "objects": {"red mug": {}, "yellow banana": {}},
    "positions": {"left": {}, "right": {}},
}
