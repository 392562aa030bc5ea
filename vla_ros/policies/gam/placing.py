# SPDX-License-Identifier: Apache-2.0
"""Where a picked thing is put by the network: the actor proposes placements of the pick, the critic ranks them.

Shape legend: K elements of the tool.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_ros.policies.gam.actions import ON, Candidates
from vla_ros.policies.gam.candidate_poses import rows_of
from vla_ros.policies.gam.criteria import Criterion, ranking
from vla_ros.policies.gam.encoded_look import EncodedLook
from vla_ros.policies.gam.networks.network import GamNetwork
from vla_ros.policies.gam.observed_scene import ObservedScene
from vla_ros.policies.gam.pick_motion import Pick
from vla_ros.policies.gam.prompts import PLACE
from vla_ros.robots.tools.description import CUP, Tool


def acting(pick: Pick, active: np.ndarray, tool: Tool) -> Candidates:
    """Return the pick as the single candidate behind placements: cups that it turns on, fingers by `active` (K,)."""
    on = [
        name in pick.cups if kind == CUP else share >= ON
        for name, kind, share in zip(tool.names, tool.kinds, active, strict=True)
    ]
    T, width, depth = pick.T_base_tool, np.array([pick.width]), np.array([pick.depth])
    return Candidates(T[None, :3, 3], T[None, :3, :3], np.array([on], float), width, depth)


def proposed_placements(
    network: GamNetwork,
    scene: ObservedScene,
    instance: int,
    tool: Tool,
    pick: Candidates,
    criteria: Sequence[Criterion],
    count: int,
    seed: int = 0,
) -> Candidates:
    """Return those of `count` proposals for an instance that are within the limits of the criteria, the best first.

    `pick` is a single candidate; both are in the base frame.
    """
    proposal = EncodedLook(network, scene, [instance], tool, PLACE, criteria, seed, pick).propose(count)
    return rows_of(proposal.candidates, np.array(ranking(proposal.scores.tolist(), criteria), int))
