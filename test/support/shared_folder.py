# SPDX-License-Identifier: Apache-2.0
"""A folder that all processes of one run of the tests have in common, for what is dear to make."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "VLA_TEST_SHARED"  # test/conftest.py sets it before the processes of a run start, and removes the folder


def shared_folder() -> Path:
    """Return the folder; what is in it is made once, under a lock, and never changed."""
    return Path(os.environ[VARIABLE])
