# SPDX-License-Identifier: Apache-2.0
"""Contact with joint limits and with singular postures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from controllers.arm.model import ArmModel
from vla_ros.data.quality.config import QualityConfig
from vla_ros.data.quality.episode_data import EpisodeData
from vla_ros.data.quality.finding import Finding
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.groups import ArmGroup

SAMPLES = 400  # postures of an episode whose Jacobian is looked at


def measure(data: EpisodeData, config: QualityConfig) -> Iterator[Finding]:
    """Look at each arm of a known robot."""
    if data.joints is None or data.embodiment is None:
        return
    for arm in data.embodiment.arms:
        columns = data.joints.columns(arm.joints)
        if columns is None:
            continue
        q = data.joints.q[:, columns]
        distance = np.minimum(q - arm.lower, arm.upper - q)  # (N, J)
        contact = distance < config.limit_margin
        share = float(contact.any(axis=1).mean())
        nearest = arm.joints[int(distance.min(axis=0).argmin())]
        reason = f"{nearest} is at its limit for {100.0 * share:.0f} % of the time"
        yield Finding(f"limit_contact/{arm.name}", share, config.limit_contact.penalty(share), reason)
        condition = conditions(data.embodiment, arm, q[:: max(1, len(q) // SAMPLES)])
        share = float((condition > config.condition_max).mean())
        worst = condition.max()
        reason = f"{arm.name} is singular (condition number up to {worst:.0f}) for {100.0 * share:.0f} % of the time"
        yield Finding(f"singular/{arm.name}", share, config.singular.penalty(share), reason)


def conditions(embodiment: Embodiment, arm: ArmGroup, q: np.ndarray) -> np.ndarray:
    """Return the condition number of the tool's Jacobian at postures (N, J) [rad]."""
    model = ArmModel(expand_urdf(embodiment), arm.joints, arm.tool_frame, armature=arm.armature.tolist())
    values = np.empty(len(q))
    for i, posture in enumerate(q):
        singular_values = np.linalg.svd(model.jacobian(posture), compute_uv=False)
        values[i] = singular_values[0] / max(singular_values[-1], 1e-9)
    return values
