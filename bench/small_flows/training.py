# SPDX-License-Identifier: Apache-2.0
"""What every benchmark asks that trains small flows before it drives with them."""

from __future__ import annotations

import argparse
from importlib.util import find_spec

from controllers.errors import ConfigError

COUNTS = ("drives", "iterations", "trainings")


def begin_training(bench: str, arguments: argparse.Namespace) -> None:
    """Give PyTorch one thread. Raises ConfigError where it is not installed, and for counts below one."""
    for name in COUNTS:
        if (value := getattr(arguments, name, 1)) < 1:
            raise ConfigError(f"bench {bench}: --{name} must be 1 or more, got {value}")
    if find_spec("torch") is None:
        raise ConfigError(f"bench {bench} needs PyTorch: pip install torch")
    import torch

    torch.set_num_threads(1)
