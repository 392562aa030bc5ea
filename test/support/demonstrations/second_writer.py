# SPDX-License-Identifier: Apache-2.0
"""A process that opens a dataset for writing."""

from __future__ import annotations

from controllers.errors import ConfigError
from demonstrations.sample_dataset import SCHEMA
from vla_ros.data.datasets.writer import LeRobotWriter


def try_to_write(root, answer) -> None:
    try:
        LeRobotWriter(root, SCHEMA)
        answer.send("")
    except ConfigError as error:
        answer.send(str(error))
