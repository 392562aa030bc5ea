# SPDX-License-Identifier: Apache-2.0
"""Cameras as a checkpoint has learned to see by them: where its contract cuts their pictures, they are cut the same."""

from __future__ import annotations

from collections.abc import Sequence

from vla_ros.policies.contract import load_contract
from vla_ros.policies.needs import CROP, CameraNeed


def stored_views(cameras: Sequence[str], contract: str, calibration: bool = False) -> tuple[CameraNeed, ...]:
    """Return the needs of cameras of a contract, by its name; what it does not cut comes as the camera sends it.

    Raises ConfigError for a contract that there is not.
    """
    streams, found = load_contract(contract).cameras, []
    for name in cameras:
        need, stream = CameraNeed(name, calibration=calibration), streams.get(name)
        if stream is not None and stream.fit == "exact":
            need = CameraNeed(name, calibration=calibration, learned=(stream.width, stream.height))
        elif stream is not None and stream.fit == CROP:
            need = CameraNeed(name, calibration=calibration, width=stream.width, height=stream.height, fit=CROP)
        found.append(need)
    return tuple(found)
