# SPDX-License-Identifier: Apache-2.0
"""Registers robot and teleoperator `vla_ros` with LeRobot; the clone that this was installed from holds them."""

import json
import sys
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit


def _clone() -> Path:
    """Return the clone, which pip and uv note when they install from a folder. Raises ImportError where it is gone."""
    note = distribution("lerobot_robot_vla_ros").read_text("direct_url.json")
    folder = Path(unquote(urlsplit(json.loads(note)["url"]).path)) if note else Path(__file__).parents[1]
    clone = folder.parents[1]
    if not (clone / "vla_ros" / "lerobot").is_dir():
        raise ImportError(f"{clone} is no clone of vla_ros: run ./vla lerobot in one, which installs this anew")
    return clone


# Last: nothing of LeRobot's environment may be hidden by a folder of the clone.
sys.path.append(str(_clone()))

from vla_ros.lerobot.config_robot import VlaRosRobotConfig  # noqa: E402
from vla_ros.lerobot.config_teleoperator import VlaRosTeleoperatorConfig  # noqa: E402

__all__ = ["VlaRosRobotConfig", "VlaRosTeleoperatorConfig"]
