# SPDX-License-Identifier: Apache-2.0
"""The cameras of a cell with two totes, by name."""

SOURCE, DESTINATION = "source", "destination"  # look down into their tote
ASIDE = "aside"  # looks into the source from the side
CAMERAS = (SOURCE, DESTINATION, ASIDE)
