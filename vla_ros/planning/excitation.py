# SPDX-License-Identifier: Apache-2.0
"""An excitation for `vla identify` that touches nothing: the search for one, among planning's collision shapes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from controllers.control_config import ControlConfig
from controllers.errors import ConfigError
from vla_ros.planning.collision import CollisionChecker, RobotGeometry
from vla_ros.planning.scene import CollisionScene, box_between
from vla_ros.robots.control import arm_model
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.identification.excitation import Excitation
from vla_ros.robots.identification.excitation_search import ExcitationSearch, SearchConfig

CLEARANCE = 0.025  # [m] from itself, and on top of the next: an arm with an unknown load follows to 2 cm
TABLE_MARGIN = 0.1  # [m] from the table: the payload may reach beyond the hand
TABLE_SIZE, FOOT = 1.0, 0.25  # [m] half the table's side, and half that of the hole in it that the base stands in


def find_excitation(
    embodiment: Embodiment,
    arm_name: str,
    control: ControlConfig,
    config: SearchConfig,
    table: float,
    seed: int = 0,
    show: Callable[[float], None] = lambda share: None,
) -> Excitation:
    """Return an excitation from and to an arm's home, above a table at the height `table` [m], base frame.

    Raises ConfigError when there is no room for one.
    """
    if not -2.0 <= table <= 0.5:
        raise ConfigError(f"the table's height must be -2 to 0.5 m in the base frame, got {table:g}")
    arm = embodiment.arm(arm_name)
    checker = CollisionChecker(RobotGeometry(embodiment, [arm]), table_around(table), TABLE_MARGIN)

    def free(q: np.ndarray) -> bool:
        return checker.closest(q).excess > CLEARANCE

    search = ExcitationSearch(arm_model(embodiment, arm, control), arm, control, config, free, seed)
    return search.run(np.array(arm.home), show)


def table_around(height: float) -> CollisionScene:
    """Return a table of a height [m] on all sides of the base, which may stand lower."""
    low, high = height - 0.1, height
    corners = {
        "front": ((FOOT, -TABLE_SIZE), (TABLE_SIZE, TABLE_SIZE)),
        "back": ((-TABLE_SIZE, -TABLE_SIZE), (-FOOT, TABLE_SIZE)),
        "right": ((-FOOT, -TABLE_SIZE), (FOOT, -FOOT)),
        "left": ((-FOOT, FOOT), (FOOT, TABLE_SIZE)),
    }
    return CollisionScene(
        tuple(box_between(f"table {side}", (*first, low), (*last, high)) for side, (first, last) in corners.items())
    )
