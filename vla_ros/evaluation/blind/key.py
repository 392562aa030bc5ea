# SPDX-License-Identifier: Apache-2.0
"""Which of the two policies is first in each scene: drawn by the machine, kept in a file that nobody is shown.

Orders are drawn in blocks of four scenes: in two of them A is first, in two B, so that whatever changes with time
(light, batteries, the person) meets both alike.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.documents import parse_json
from vla_ros.new_file import PRIVATE, replace_file

KEY_FILE = "key.json"
BLOCK = 4  # scenes
A, B = "A", "B"


@dataclass(frozen=True)
class BlindKey:
    """The order in each scene, "AB" or "BA"."""

    orders: tuple[str, ...]

    def __post_init__(self) -> None:
        if not all(order in (A + B, B + A) for order in self.orders):
            raise ConfigError("a trial's key holds orders AB and BA alone")

    def policy(self, scene: int, turn: int) -> str:
        """Return who acts in the n-th scene, counted from 0, first (turn 0) or second (1)."""
        return self.orders[scene][turn]

    def save(self, folder: Path) -> None:
        """Write it for the user alone, so that it survives a power cut with the trials it explains."""
        try:
            replace_file(folder / KEY_FILE, json.dumps({"orders": self.orders}).encode() + b"\n", PRIVATE, on_disk=True)
        except OSError as error:
            raise ConfigError(f"{folder / KEY_FILE}: cannot be written ({error.strerror})") from error


def draw_key(scenes: int, source: random.Random | None = None) -> BlindKey:
    """Draw a key for so many scenes; None: from the machine's own randomness, which nobody can repeat."""
    source = source or random.SystemRandom()
    orders: list[str] = []
    while len(orders) < scenes:
        block = [A + B, B + A] * (BLOCK // 2)
        source.shuffle(block)
        orders += block
    return BlindKey(tuple(orders[:scenes]))


def read_key(folder: Path, scenes: int) -> BlindKey:
    """Read the key of a trial. Raises ConfigError when it is not that of so many scenes."""
    path = folder / KEY_FILE
    try:
        key = BlindKey(tuple(parse_json(path.read_text(), str(path))["orders"]))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}): without it no trial can be told apart") from None
    except (TypeError, KeyError):
        raise ConfigError(f"{path}: holds no orders: without them no trial can be told apart") from None
    if len(key.orders) != scenes:
        raise ConfigError(f"{path}: is of {len(key.orders)} scenes, the trial of {scenes}: restore the trial's own")
    return key
