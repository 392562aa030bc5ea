# SPDX-License-Identifier: Apache-2.0
"""A short recording of an arm."""

from __future__ import annotations

import numpy as np

from arms.franka_arm import ARM
from vla_ros.robots.identification.recording import ExcitationRecording

COUNT = 300


RANDOM = np.random.default_rng(0)


def small() -> ExcitationRecording:
    rows = RANDOM.normal(size=(3, COUNT, 7))
    return ExcitationRecording("franka", "panda", ARM.joints, True, 0.01 * np.arange(COUNT), *rows)
