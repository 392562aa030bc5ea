# SPDX-License-Identifier: Apache-2.0
"""Wait for what another thread does."""

from __future__ import annotations

import time


def eventually(condition, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
