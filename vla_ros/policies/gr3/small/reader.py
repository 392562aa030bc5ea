# SPDX-License-Identifier: Apache-2.0
"""What the small GR-3 sees of an observation, and the keys and values of it.

Shape legend: V views, N things of all views.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from controllers.chunks.chunk import pose_channels
from vla_ros.policies.action_transformer.policy import Reading
from vla_ros.policies.actions.codec import state_values
from vla_ros.policies.backbone.look_memory import LookMemory
from vla_ros.policies.backbone.network import Backbone
from vla_ros.policies.backbone.said_words import SaidWords
from vla_ros.policies.backbone.view_geometry import calibration_of
from vla_ros.policies.backbone.word_tokens import filled, word_tokens
from vla_ros.policies.gr3.small.grasp_finder import GraspFinder, Meant
from vla_ros.policies.gr3.small.network import Seen, SmallGr3
from vla_ros.policies.gr3.small.thing_numbers import thing_numbers, tool_poses
from vla_ros.policies.grasp_finding.grasp_pose import CLOSING
from vla_ros.policies.observation import Observation
from vla_ros.robots.groups import EndEffectorGroup

FRESH = 8  # things already seen that are looked at again in a chunk: cameras on wrists change every picture
WORDS = 32  # tokens of an instruction at most: those of long tasks name a thing and a place


class SmallReader:
    """Propose, look, place and compare: once a chunk. Raises ConfigError for a camera that is not there."""

    def __init__(
        self,
        network: SmallGr3,
        cameras: Sequence[str],
        arms: Sequence[str],
        grippers: Sequence[EndEffectorGroup],
        surface: float,
    ) -> None:
        self._network, self._cameras, self._surface = network.eval().requires_grad_(False), tuple(cameras), surface
        self._poses = [pose_channels(arm) for arm in arms]
        self._grippers = [gripper.name for gripper in grippers]
        self.grasps = GraspFinder(network.grasp, surface, max(gripper.width_max for gripper in grippers))
        self.reset()

    def reset(self) -> None:
        """Forget what things looked like, and the words."""
        self._memory = LookMemory(FRESH)
        self._said = SaidWords(spoken)
        self.grasps.reset()

    def read(self, observation: Observation) -> Reading:
        """Return keys and values of the latter half of the layers, and how the thing that is meant is grasped."""
        views = [observation.cameras[name] for name in self._cameras]
        tools = tool_poses(np.stack([state_values(observation.state, channels) for channels in self._poses]))
        pictures, calibrations = [view.color for view in views], [calibration_of(view) for view in views]
        looks, geometry, numbers = look_at(
            self._network.backbone, pictures, calibrations, tools, self._surface, self._memory
        )
        there = torch.ones(looks.shape[:2], dtype=torch.bool)
        seen = Seen(looks, geometry, numbers, there, self._said.tokens(observation.instruction))
        understood = self._network.understand(seen)
        meant = meant_of(understood.roles[0, :, 0].numpy(), geometry[0].numpy(), numbers[0].numpy(), pictures)
        beside = self.grasps.numbers(meant, pictures, calibrations, tools, self._holding(observation))
        return Reading(self._network.prefix(seen, understood.tokens), beside)

    def _holding(self, observation: Observation) -> bool:
        """Say whether any fingers are told to be closed."""
        told = [observation.commanded.end_effectors.get(name) for name in self._grippers]
        return any(one is not None and one.width is not None and one.width < CLOSING for one in told)


def meant_of(
    logits: np.ndarray, geometry: np.ndarray, numbers: np.ndarray, pictures: Sequence[np.ndarray]
) -> list[Meant]:
    """Return of each view the thing (N,) that is likeliest the one that is meant, of logits (N,)."""
    found = []
    for view, picture in enumerate(pictures):
        own = np.flatnonzero(numbers[:, view] > 0.5)
        if len(own):
            best = int(own[logits[own].argmax()])
            height, width = picture.shape[:2]
            box = geometry[best, :4] * np.array([width, height, width, height])
            found.append(Meant(view, box, numbers[best], float(logits[best])))
    return found


def spoken(instruction: str) -> np.ndarray:
    """Return the tokens (T, WORD_SIZE) of an instruction, without room behind them."""
    rows = word_tokens(instruction, length=WORDS)
    return rows[: filled((rows != 0).any(axis=1))]


def look_at(
    backbone: Backbone,
    pictures: Sequence[np.ndarray],
    calibrations: Sequence[np.ndarray],
    tools: np.ndarray | None,
    surface: float,
    memory: LookMemory | None = None,
    measured: Sequence[bool] | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return looks (1, N, D), geometry (1, N, GEOMETRY) and numbers (1, N, THING_NUMBERS) of pictures (H, W, 3) uint8.

    The other arguments are thing_numbers'. What a `memory` has seen and has not changed is not looked at again. Where
    `measured` (V,) is False no picture was taken, and nothing is proposed; one was taken at least.
    """
    taken = [True] * len(pictures) if measured is None else measured
    each = iter(backbone.propose([picture for picture, real in zip(pictures, taken, strict=True) if real]))
    proposed = [next(each) if real else (np.zeros((0, 4)), np.zeros(0)) for real in taken]
    found = backbone.look(pictures, proposed, calibrations, memory)
    sizes = [(picture.shape[1], picture.shape[0]) for picture in pictures]
    numbers = thing_numbers([boxes for boxes, _ in proposed], sizes, calibrations, tools, surface)
    return found.looks, found.geometry, torch.from_numpy(np.concatenate(numbers))[None]
