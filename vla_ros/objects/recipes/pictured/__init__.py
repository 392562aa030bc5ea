# SPDX-License-Identifier: Apache-2.0
"""Further shapes of training, which only pictures with boxes show: no demonstration and no evaluation holds them.

They are rows like those of families/, and rows between them are drawn as well (families/mixing.py).
"""

from __future__ import annotations

from vla_ros.objects.recipes.families import Family
from vla_ros.objects.recipes.pictured import groceries, playroom, toolshed, utensils, vessels

PICTURED: dict[str, Family] = {
    **vessels.PICTURED,
    **utensils.PICTURED,
    **groceries.PICTURED,
    **toolshed.PICTURED,
    **playroom.PICTURED,
}
