# SPDX-License-Identifier: Apache-2.0
"""Boxes, tubes, spoons, forks, knives and brushes that only pictures with boxes show."""

from __future__ import annotations

from vla_ros.objects.recipes.families import Family

PICTURED: dict[str, Family] = {}
