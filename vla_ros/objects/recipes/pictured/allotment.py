# SPDX-License-Identifier: Apache-2.0
"""Onions, potatoes and corn that only pictures with boxes show."""

from __future__ import annotations

from vla_ros.objects.recipes.families import Family

PICTURED: dict[str, Family] = {}
