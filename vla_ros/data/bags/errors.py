# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with a bag."""

from __future__ import annotations

from controllers.errors import VlaError


class BagError(VlaError):
    """A bag that cannot be written, read, repaired or cut: one line with the remedy."""
