# SPDX-License-Identifier: Apache-2.0
"""The film of an episode in lockstep: what the cameras see side by side, and over it what the policy concluded.

Beside it a picture of each look of a policy that scores candidates.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from vla_ros.evaluation.video import VideoWriter
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.candidate_drawing import draw_candidates
from vla_ros.policies.capabilities.image_drawing import draw_row
from vla_ros.policies.capabilities.image_lines import NO_LINES, ImageLines, lines_over
from vla_ros.policies.capabilities.reasoning import Reasoner
from vla_ros.policies.capabilities.scored_candidates import ScoredCandidates, ScoringCandidates
from vla_ros.policies.needs import CameraNeed, Needs
from vla_ros.policies.observation import CameraView
from vla_ros.policies.view_fitting import fitted
from vla_ros.sim.lockstep_world import LockstepWorld
from vla_ros.sim.scenes.scene import SceneCamera


class EpisodeFilm:
    """Write a frame whenever one is due."""

    def __init__(
        self, world: LockstepWorld, policy: Policy, writer: VideoWriter, rate_hz: float, needs: Needs | None = None
    ) -> None:
        """`needs`: of the policy, which sees by them; None: it sees what there is."""
        named = {} if needs is None else needs.cameras_of(world.embodiment)
        wanted = () if needs is None else needs.cameras
        self._needs = {named[one.name].name: dataclasses.replace(one, calibration=True) for one in wanted}
        self._world, self._writer, self._rate_hz = world, writer, rate_hz
        self._reasoner = capability(policy, Reasoner)
        self._scoring = capability(policy, ScoringCandidates)
        self._drawn: ScoredCandidates | None = None
        self._frames, self._pictures = 0, 0  # pictures: of candidates, NAME.1.png, … beside the film NAME.mp4

    def add_when_due(self) -> None:
        """Write a frame when a camera period has passed since the last one."""
        world = self._world
        if world.time < self._frames / self._rate_hz - 1e-9:
            return
        self._frames += 1
        cameras = [world.camera(name) for name in world.scene.camera_names]
        images = [world.render_camera(camera.name)[0] for camera in cameras]
        self._writer.write(draw_row(images, list(map(self._lines, cameras, images)), world.scene.instruction))
        self._draw_candidates(cameras[0], images[0])

    def _lines(self, camera: SceneCamera, color: np.ndarray) -> ImageLines:
        """Return what is drawn over a picture, through the calibration that the policy was given."""
        reasoning = self._reasoner.reasoning if self._reasoner is not None else None
        if reasoning is None:
            return NO_LINES
        need = self._needs.get(camera.name, CameraNeed(camera.name, calibration=True))
        whole = CameraView(
            camera.name, self._world.time, color, None, camera.intrinsics, camera.T_base_camera_published
        )
        return lines_over(reasoning, need.name, fitted(whole, need))

    def _draw_candidates(self, camera: SceneCamera, color: np.ndarray) -> None:
        """Write a picture where the policy has looked since the last frame: it scores before it moves."""
        scored = None if self._scoring is None else self._scoring.scored
        if scored is None or scored is self._drawn:
            return
        self._drawn = scored
        self._pictures += 1
        caption = f"merit of {len(scored.merits)} candidates; ringed: carried out"
        picture = draw_candidates(color, scored, camera.intrinsics, camera.T_base_camera_published, caption)
        cv2.imwrite(str(self._writer.path.with_suffix(f".{self._pictures}.png")), picture[:, :, ::-1])
