# SPDX-License-Identifier: Apache-2.0
"""The cameras of a cell with two totes, by name."""

from __future__ import annotations

from vla_ros.objects.totes import DESTINATION, SOURCE

ASIDE = "aside"  # looks into the source from the side
CAMERAS = (SOURCE, DESTINATION, ASIDE)  # the first two look down into the tote of their name
