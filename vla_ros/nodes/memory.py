# SPDX-License-Identifier: Apache-2.0
"""What glibc keeps of memory that is free: how little that is to be, and when it goes back to the system.

Freed memory stays with a process as long as something above it lives. By itself glibc raises the size from which a
block is a mapping of its own, and goes back when it is freed, to that of the largest one ever freed, 32 MiB at most:
then the arrays of a scene lie in one heap with what lives for long, and each scene finds other gaps. So a node that
holds no more than before takes more from scene to scene (docs/safety.md, A shift).
"""

from __future__ import annotations

import contextlib
import ctypes

# Fixed from a process's first block on, so in its environment, which the launch sets. Larger than a picture's arrays,
# which are reused ten times a second; smaller than those of a scene or a plan, which are not.
MAPPED_FROM_BYTES = 2 << 20
TOP_KEPT_BYTES = 8 << 20  # free at the heap's top: several pictures, or each one would be fetched from the system anew
MALLOC_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(MAPPED_FROM_BYTES),
    "MALLOC_TRIM_THRESHOLD_": str(TOP_KEPT_BYTES),
}


def give_memory_back() -> None:
    """Return every free page to the system; milliseconds, so between two scenes or episodes and never in a loop."""
    with contextlib.suppress(OSError, AttributeError):  # another libc than glibc
        ctypes.CDLL(None).malloc_trim(0)
