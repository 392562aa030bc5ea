# SPDX-License-Identifier: Apache-2.0
"""What control says about itself, as `control/progress` carries it: named values of a DiagnosticStatus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from math import isfinite
from typing import Any

from vla_ros.messages import MessageError

NAME = "control"
NO_JOINT_STATES = "no joint states yet"  # hold reason of a control that cannot be enabled so far
SEAL = "/seal"  # what a cup's channel ends with
# A node that has just started hears the last word of every latched publisher, in any order: a stop, and a release from
# before it. So long [s] after its start nothing releases the e-stop; later the guard corrects what is out of date.
STALE_RELEASE_S = 3.0
INACTIVE = "control is not active"  # hold reason of a control whose lifecycle has not come so far


@dataclass(frozen=True)
class ControlProgress:
    """The chunk being executed, what remains of it and why the arm holds."""

    stamp: float = 0.0  # [s] ROS time
    enabled: bool = False
    shadow: bool = False  # enabled or not, nothing is sent to the arm
    estop: bool = False  # latched
    hold_reason: str = ""  # empty while a chunk moves the arm
    sequence: int = -1  # of the chunk being executed
    source: str = ""  # that sent it
    index: int = 0  # points of the chunk reached
    executed_s: float = 0.0  # [s] of the chunk executed
    remaining_s: float = 0.0  # [s] of the chunk left
    status: int = 0  # TaskStatus of the chunk
    end_effectors: Mapping[str, float] = field(default_factory=dict)  # commanded, by channel: [m], suction 0 or 1
    sealed: Mapping[str, bool] = field(default_factory=dict)  # by cup: whether it says that it holds something
    refused: str = ""  # why the last refused chunk was refused; empty once one is accepted
    held: str = ""  # why an enabled control takes no chunk until it is enabled again: a fault, an e-stop
    lateness_ms: float = 0.0  # worst of the loop since the last report

    @property
    def follows(self) -> bool:
        """Say whether chunks are taken: enabled, and no fault or e-stop since."""
        return self.enabled and not self.held

    @property
    def moving(self) -> bool:
        """Say whether a chunk is being executed."""
        return self.enabled and not self.hold_reason and self.sequence >= 0

    def values(self) -> dict[str, str]:
        """Return all but the hold reason, which is the status's message, as text."""
        own = {name: _text(getattr(self, name)) for name in _KINDS if name != "hold_reason"}
        own |= {channel: _text(value) for channel, value in self.end_effectors.items()}
        return own | {f"{cup}{SEAL}": _text(sealed) for cup, sealed in self.sealed.items()}


_KINDS: dict[str, type] = {one.name: type(one.default) for one in fields(ControlProgress) if one.default is not MISSING}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6f}" if isinstance(value, float) else str(value)


def control_progress(hold_reason: str, values: Mapping[str, str]) -> ControlProgress:
    """Return the progress in a status's message and values. Raises MessageError when a value does not read."""
    known = {name: values[name] for name in _KINDS if name in values}
    content: dict[str, Any]  # as _KINDS says
    try:
        content = {name: text == "true" if _KINDS[name] is bool else _KINDS[name](text) for name, text in known.items()}
        sealed = {name.removesuffix(SEAL): text == "true" for name, text in values.items() if name.endswith(SEAL)}
        channels = {name: float(text) for name, text in values.items() if "/" in name and not name.endswith(SEAL)}
        if not all(map(isfinite, channels.values())):
            raise ValueError(f"what end effectors are told is not finite: {channels}")
    except ValueError as error:
        raise MessageError(f"control/progress: {error}") from None
    return ControlProgress(**content | {"hold_reason": hold_reason, "end_effectors": channels, "sealed": sealed})
