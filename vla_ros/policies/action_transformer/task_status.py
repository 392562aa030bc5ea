# SPDX-License-Identifier: Apache-2.0
"""The task status as one more number of an action (GR-3, section 3.1): ongoing 0, terminated 1, invalid −1.

Shape legend: H actions.
"""

from __future__ import annotations

import numpy as np

from controllers.chunks.chunk import TaskStatus

HALF = 0.5  # as near to one status as to the next


def chunk_status(numbers: np.ndarray) -> TaskStatus:
    """Return what a chunk says, of the numbers (H,) of its actions: the status that their mean is nearest to."""
    mean = float(np.mean(numbers))
    if mean > HALF:
        return TaskStatus.TERMINATED
    return TaskStatus.INVALID if mean < -HALF else TaskStatus.ONGOING
