# SPDX-License-Identifier: Apache-2.0
"""The film of an episode in lockstep: what the first camera sees, and over it what the policy concluded."""

from __future__ import annotations

from vla_ros.evaluation.video import VideoWriter
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.image_drawing import draw
from vla_ros.policies.capabilities.image_lines import NO_LINES, reasoning_lines
from vla_ros.policies.capabilities.reasoning import Reasoner
from vla_ros.sim.lockstep_world import LockstepWorld


class EpisodeFilm:
    """Write a frame whenever one is due."""

    def __init__(self, world: LockstepWorld, policy: Policy, writer: VideoWriter, rate_hz: float) -> None:
        self._camera = world.scene.camera_names[0]
        self._world, self._writer, self._rate_hz = world, writer, rate_hz
        self._reasoner = capability(policy, Reasoner)
        self._frames = 0

    def add_when_due(self) -> None:
        """Write a frame when a camera period has passed since the last one."""
        world = self._world
        if world.time < self._frames / self._rate_hz - 1e-9:
            return
        self._frames += 1
        camera = world.camera(self._camera)
        color, _ = world.render_camera(camera.name)
        reasoning = self._reasoner.reasoning if self._reasoner is not None else None
        lines = NO_LINES
        if reasoning is not None:  # through the calibration that the policy was given
            lines = reasoning_lines(reasoning, camera.name, camera.intrinsics, camera.T_base_camera_published)
        self._writer.write(draw(color, lines, world.scene.instruction))
