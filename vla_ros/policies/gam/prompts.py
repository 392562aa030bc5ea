# SPDX-License-Identifier: Apache-2.0
"""What the actor is told to do, in words (GAM, section II-A)."""

from __future__ import annotations

from controllers.errors import ConfigError, unknown_name
from vla_ros.robots.tools.description import CAGE, PINCH, SUCTION

PLACE = "place"
PROMPTS = {
    SUCTION: "pick the object by suction",
    PINCH: "pinch the object between the fingers",
    CAGE: "lift the object by suction, then cage it with the fingers",
    PLACE: "place the object",
}


def mode_prompt(mode: str) -> str:
    """Return the prompt of a mode. Raises ConfigError for one that is none."""
    if mode not in PROMPTS:
        raise ConfigError(unknown_name("mode", mode, PROMPTS))
    return PROMPTS[mode]
