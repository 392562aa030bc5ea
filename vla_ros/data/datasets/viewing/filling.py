# SPDX-License-Identifier: Apache-2.0
"""Values into a page: names come from datasets of anybody, so nothing of them is ever read as HTML, or filled twice."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from controllers.errors import ConfigError
from vla_ros.data.page_policy import page_policy

JPEG_QUALITY = 75


def fill(template: str, parts: Mapping[str, str]) -> str:
    """Return the template with every @NAME@ replaced, in one pass: what is filled in is not looked at again.

    @POLICY@ permits the template's own scripts and nothing else.
    """
    parts = {"POLICY": page_policy(template), **parts}
    return re.sub(r"@([A-Z]+)@", lambda found: parts[found[1]], template)


def script_data(values: Any) -> str:
    """Return values as JSON that nothing in it can end early, for a script element."""
    return json.dumps(values, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")


def jpeg(image: np.ndarray, width: int) -> str:
    """Return an image (H, W, 3) uint8 RGB as JPEG in base64, this wide at most [px]."""
    width = min(width, image.shape[1])
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ConfigError(f"a picture of {image.shape[1]}x{image.shape[0]} cannot be compressed")
    return base64.b64encode(data.tobytes()).decode()
