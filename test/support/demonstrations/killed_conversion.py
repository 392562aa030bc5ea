# SPDX-License-Identifier: Apache-2.0
"""A conversion that dies of one bag."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from controllers.errors import VlaError
from vla_ros.data.conversion.bag_to_dataset import ConversionSettings, ConvertedBag


def convert_or_die(path: Path, settings: ConversionSettings) -> ConvertedBag:
    """Convert, but for a bag called killer, at which the process is killed."""
    if path.name == "killer":
        os.kill(os.getpid(), signal.SIGKILL)
    if path.name == "fails":
        raise VlaError("fails: for a reason")
    return ConvertedBag(failures=int(path.name))
