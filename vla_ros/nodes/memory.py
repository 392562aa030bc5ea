# SPDX-License-Identifier: Apache-2.0
"""What glibc keeps of memory that is free: how little that is to be, and when it goes back to the system.

Freed memory stays with a process as long as something above it lives. By itself glibc raises the size from which a
block is a mapping of its own, and goes back when it is freed, to that of the largest one ever freed, 32 MiB at most:
then the arrays of a scene lie in one heap with what lives for long, and each scene finds other gaps. So a node that
holds no more than before takes more from scene to scene (docs/safety.md, A shift).

Two sizes: arrays of a picture are made ten times a second and lie in the heap, where they cost no page fault. What a
scene is made of goes or stays as one, and lies in mappings of its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator

# Fixed from a process's first block on, so in its environment, which the launch sets. Larger than a picture's arrays,
# which are reused ten times a second; smaller than those of a scene or a plan, which are not.
MAPPED_FROM_BYTES = 2 << 20
SCENE_MAPPED_FROM_BYTES = 128 << 10  # while a scene is made: its meshes and textures
TOP_KEPT_BYTES = 8 << 20  # free at the heap's top: several pictures, or each one would be fetched from the system anew
_M_MMAP_THRESHOLD = -3  # of malloc.h
_MAPPED_FROM = "MALLOC_MMAP_THRESHOLD_"
MALLOC_ENVIRONMENT = {
    _MAPPED_FROM: str(MAPPED_FROM_BYTES),
    "MALLOC_TRIM_THRESHOLD_": str(TOP_KEPT_BYTES),
}


def give_memory_back() -> None:
    """Return every free page to the system; milliseconds, so between two scenes or episodes and never in a loop."""
    with contextlib.suppress(OSError, AttributeError):  # another libc than glibc
        ctypes.CDLL(None).malloc_trim(0)


@contextlib.contextmanager
def scene_made() -> Iterator[None]:
    """Have blocks of a scene that is made within mapped singly, so that they leave no gaps when it goes.

    Free pages go back before and after, as by `give_memory_back`. For the whole process: no other thread should draw
    pictures meanwhile, for which it is slower.
    """
    give_memory_back()
    _map_from(SCENE_MAPPED_FROM_BYTES)
    try:
        yield
    finally:
        chosen = os.environ.get(_MAPPED_FROM, "")
        _map_from(int(chosen) if chosen.isdecimal() else MAPPED_FROM_BYTES)
        give_memory_back()


def _map_from(size: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, size)
