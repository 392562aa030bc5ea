# SPDX-License-Identifier: Apache-2.0
"""The DDS Security enclave of this process, for what it starts itself (docs/security.md)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

OPTION = "--enclave"


def enclave_words(sibling: str = "", words: Sequence[str] = sys.argv) -> list[str]:
    """Return the ROS arguments by which a child uses this process's enclave, or the one beside it named `sibling`.

    None where this process was started without.
    """
    if OPTION not in words[:-1]:
        return []
    own = words[words.index(OPTION) + 1]
    return [OPTION, f"{own.rpartition('/')[0]}/{sibling}" if sibling else own]
