# SPDX-License-Identifier: Apache-2.0
"""Simulated arms in processes of their own, and the driver on one's bus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from rig.simulated_piper import SimulatedPiper


@pytest.fixture
def piper(tmp_path: Path) -> Iterator[Callable[..., SimulatedPiper]]:
    """Start simulated PiPERs, on a bus each."""
    with ExitStack() as running:

        def start(name: str = "arm", **fault: Any) -> SimulatedPiper:
            arm = SimulatedPiper(tmp_path / f"{name}.can", **fault)
            running.callback(arm.kill)
            return arm

        yield start
