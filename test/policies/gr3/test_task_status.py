# SPDX-License-Identifier: Apache-2.0
"""A chunk's status is the one that most of its actions say."""

from __future__ import annotations

import numpy as np
import pytest

from controllers.chunks.chunk import TaskStatus
from vla_ros.policies.action_transformer.task_status import chunk_status


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        ([0.1, -0.2, 0.0], TaskStatus.ONGOING),
        ([0.9, 1.1, 0.2], TaskStatus.TERMINATED),
        ([-1.0, -0.8, -0.3], TaskStatus.INVALID),
        ([-1.0, 1.0], TaskStatus.ONGOING),
        ([0.5], TaskStatus.ONGOING),
    ],
)
def test_the_mean_decides(numbers: list[float], status: TaskStatus) -> None:
    assert chunk_status(np.array(numbers)) is status
