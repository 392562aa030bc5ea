# SPDX-License-Identifier: Apache-2.0
"""A hand demonstration as a headset records it, made up."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

FORWARD, UP, RIGHT = 0.4, 0.9, 0.1  # [m] where the hand begins, as its owner says it
RATE = 72.0  # [Hz]
TURN = 0.3  # [rad] of the hand to the left
FRANKA = {"instruction": "pick up the red mug", "camera": "front", "opening": 0.08, "floor": [0.1, 0.0, -0.7]}
BYTEMINI = {"instruction": "put the red mug onto the tray", "camera": "head", "opening": 0.09, "hand": "left"}


def _gray(k: int) -> np.ndarray:
    return np.full((480, 640, 3), min(255, 40 + k), dtype=np.uint8)


def write_demonstration(
    folder: Path,
    seconds: float = 4.0,
    hole: float = 0.0,
    closing: tuple[float, float] = (0.0, 1.0),
    settings: Mapping[str, object] = FRANKA,
    picture: Callable[[int], np.ndarray] = _gray,
) -> Path:
    """A hand that goes down for 2 s, shuts, and goes up again; the head looks forward from 1.6 m.

    `settings` are of demonstration.yaml, `picture` returns number k (480, 640, 3) uint8 RGB of 30 a second.
    """
    (folder / "pictures").mkdir(parents=True)
    (folder / "demonstration.yaml").write_text(json.dumps(dict(settings)))
    q = Rotation.from_rotvec([0.0, TURN, 0.0]).as_quat().tolist()  # about XR's up
    side, lines = str(settings.get("hand", "right")), []
    for k in range(int(seconds * RATE)):
        t = k / RATE
        height = UP - 0.1 * min(t, 2.0) + 0.1 * max(0.0, t - 2.6)
        hand = {"p": [RIGHT, height, -FORWARD], "q": q, "clutch": True, "gripper": closing[t > 2.0]}
        lines.append({"type": "hands", "n": k, "t": 5000 + 1000 * t, "source": "xr", "hands": {side: hand}})
    (folder / "hands.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"type": "ha')
    shown = []
    for k in range(int(seconds * 30)):
        t = k / 30
        if hole and 1.0 < t < 1.0 + hole:
            continue
        name = f"{k:06d}.jpg"
        cv2.imwrite(str(folder / "pictures" / name), cv2.cvtColor(picture(k), cv2.COLOR_RGB2BGR))
        shown.append({"t": 5000 + 1000 * t, "file": name, "head": {"p": [0.0, 1.6, 0.0], "q": [0.0, 0.0, 0.0, 1.0]}})
    (folder / "pictures.jsonl").write_text("".join(json.dumps(line) + "\n" for line in shown))
    return folder
