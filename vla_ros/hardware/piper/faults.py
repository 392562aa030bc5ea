# SPDX-License-Identifier: Apache-2.0
"""What a PiPER complains of, in words: its controller, the drivers of its joints, its gripper.

Meanings: AgileX's protocol V2 as piper_sdk 0.6.2 gives it (msg_v2/feedback).
"""

from __future__ import annotations

from typing import Any

# Of 0x2A1, "arm status".
STATES = {
    0x01: "emergency stop",
    0x02: "no solution",
    0x03: "singularity",
    0x04: "a target was out of its range",
    0x05: "a joint does not answer its controller",
    0x06: "a joint's brake is on",
    0x07: "collision",
    0x08: "too fast while it was led by hand",
    0x09: "a joint is at fault",
    0x0A: "unknown fault",
    0x0B: "it is being taught",
    0x0C: "it repeats what it was taught",
    0x0D: "what it was taught is paused",
    0x0E: "its controller is too hot",
    0x0F: "its brake resistor is too hot",
}
# A target that can be reached ends these.
ENDED_BY_A_TARGET = frozenset({0x02, 0x03, 0x04})
# "Control mode"; 0 is standby, and 1 CAN.
MODES = {
    0x02: "it is in teaching mode: press its button",
    0x03: "it is driven over Ethernet",
    0x04: "it is driven over Wi-Fi",
    0x05: "it is driven by a remote control",
    0x06: "it leads another arm: set it to follow",
    0x07: "it follows a recorded trajectory",
}
CAN_CONTROL = 0x01
MIT_MODE = 0x04  # "mode feedback" MOVE M: its joints take torques
DRIVER = {
    "voltage_too_low": "voltage too low",
    "motor_overheating": "motor too hot",
    "driver_overcurrent": "overcurrent",
    "driver_overheating": "driver too hot",
    "collision_status": "collision",
    "driver_error_status": "driver error",
    "stall_status": "stalled",
}
GRIPPER = {
    "voltage_too_low": "voltage too low",
    "motor_overheating": "motor too hot",
    "driver_overcurrent": "overcurrent",
    "driver_overheating": "driver too hot",
    "sensor_status": "sensor error",
    "driver_error_status": "driver error",
}


def controller_fault(state: int, errors: Any) -> str:
    """Say what the controller complains of; `errors`: the SDK's flags of the joints.

    A joint at its limit is no fault by itself: an arm at rest is folded up to its limits.
    """
    unheard = [str(joint) for joint in range(1, 7) if getattr(errors, f"communication_status_joint_{joint}")]
    if unheard:
        return f"joint {' and '.join(unheard)} does not answer its controller"
    if not state:
        return ""
    words = STATES.get(state, f"unknown state {state}")
    limited = [str(joint) for joint in range(1, 7) if getattr(errors, f"joint_{joint}_angle_limit")]
    return f"{words}; at its limit: joint {', '.join(limited)}" if limited else words


def mode_fault(control: int, move: int) -> str:
    """Say who drives it, where that is not the bus, or that it takes torques there."""
    if control != CAN_CONTROL:
        return MODES.get(control, f"it is in the unknown mode {control}")
    return "it is in MIT mode: reset it" if move == MIT_MODE else ""


def joint_fault(joint: int, flags: Any) -> str:
    """Say what the driver of a joint, counted from 1, complains of; `flags`: the SDK's."""
    words = [text for name, text in DRIVER.items() if getattr(flags, name)]
    return f"joint {joint}: {', '.join(words)}" if words else ""


def gripper_fault(flags: Any) -> str:
    """Say what the gripper's driver complains of; `flags`: the SDK's."""
    words = [text for name, text in GRIPPER.items() if getattr(flags, name)]
    return f"gripper: {', '.join(words)}" if words else ""
