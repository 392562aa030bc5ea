# SPDX-License-Identifier: Apache-2.0
"""What any policy of the small networks does, however it looks: views, what has been commanded, actions of the flow."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.errors import ConfigError
from vla_ros.policies.actions.single_arm import ACTION_SIZE, SingleArmCodec, SingleArmObservation, SingleArmState
from vla_ros.policies.backbone.blocks import freeze
from vla_ros.policies.capabilities.flow_policy import integrate_flow
from vla_ros.policies.capabilities.reasoning import Reasoning
from vla_ros.policies.grasp_finding.grasp_pose import CLOSING
from vla_ros.policies.graspvla.small.acting_rules import ActingRules
from vla_ros.policies.graspvla.small.chain import ChainState, GripperMemory, decided_widths
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.policies.graspvla.stage_clock import StageClock
from vla_ros.policies.observation import CameraView, Observation

HISTORY_S = 0.3  # [s] how far back the second proprioceptive state lies
STEPS = 5  # of the flow: Δτ = 0.2
EMPTY, EMPTY_AFTER = 0.001, 1.6  # [m] apart, [s] after they were told to close: fingers that hold nothing


class ActingPolicy(ABC):
    """The robot's side of a policy: the same proprioception and the same flow, whatever conditions it."""

    def __init__(
        self,
        networks: SmallGraspVla,
        cameras: tuple[str, str],
        codec: SingleArmCodec,
        opening_max: float,
        seed: int,
        rules: ActingRules,
    ) -> None:
        """`opening_max` [m] is what the gripper opens to."""
        freeze(networks)
        self.networks = networks
        self.codec, self.opening_max, self.rules = codec, opening_max, rules
        self._cameras, self._seed = cameras, seed
        self._mean, self._spread = networks.mean.double().numpy(), networks.spread.double().numpy()

    def reset(self) -> None:
        """Forget the episode."""
        self.explanation = ""
        self.reasoning: Reasoning | None = None
        self._hidden: torch.Tensor | None = None  # (K + H, D) the expert's last tokens, where the flow made the chunk
        self._random = np.random.default_rng(self._seed)
        self._sequence = 0
        self._gripper = GripperMemory()
        self._sent: ActionChunk | None = None
        self._counted = 0  # actions of the last chunk that the memory knows of
        self._told: float | None = None  # [m] what the fingers were commanded to be at the last look

    @torch.inference_mode()
    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next chunk; INVALID while there is nothing to do, and `explanation` says why."""
        started = time.perf_counter()
        clock = StageClock(torch.device("cpu"))
        seen = self.codec.view(observation)
        self._hidden = None
        self._remember(seen)
        decided = self._decide(seen, self._views(seen), clock)
        self._sequence += 1
        if decided is None:
            return self._stay(observation, seen.state.gripper_width, time.perf_counter() - started)
        actions, self.reasoning = decided
        self.explanation = ""
        return self._send(observation, actions, time.perf_counter() - started)

    @abstractmethod
    def _decide(
        self, observation: SingleArmObservation, views: list[CameraView], clock: StageClock
    ) -> tuple[np.ndarray, Reasoning] | None:
        """Return actions (horizon, 7) and what led to them; None, with an explanation, when there is nothing to do."""

    @property
    def features(self) -> np.ndarray | None:
        """Return the features (F,) of the last chunk (FeatureProvider)."""
        return self._acted

    @property
    def _acted(self) -> np.ndarray | None:
        """Return the mean (D,) of the expert's tokens at the flow's last step; None where it was not asked."""
        return None if self._hidden is None else self._hidden.mean(dim=0).numpy()

    def _state(
        self, observation: SingleArmObservation, target: np.ndarray, T_base_grasp: np.ndarray, opening: float
    ) -> ChainState:
        """Return what an expert is conditioned on, with the steps of the chain that were found."""
        state, before, gripper = observation.state, self._before(observation), self._gripper
        return ChainState(
            target=target,
            T_base_ee=self.codec.T_base_anchor(observation),
            width=state.gripper_width,
            moved=state.T_base_ee[:3, 3] - before.T_base_ee[:3, 3],
            width_moved=state.gripper_width - before.gripper_width,
            T_base_grasp=T_base_grasp,
            opening=opening,
            closing=gripper.closing,
            since_closing=gripper.since_closing,
            since_opening=gripper.since_opening,
        )

    def _draw(self, tokens: Tensor) -> np.ndarray:
        """Return actions (horizon, 7) drawn from the flow given an expert's tokens (1, K, D)."""
        expert = self.networks.expert
        noise = self._random.standard_normal((expert.horizon, len(self._mean))).astype(np.float32)

        def velocity(x: np.ndarray, tau: float) -> np.ndarray:
            found, hidden = expert.velocity(torch.from_numpy(x)[None].float(), torch.full((1,), tau), tokens)
            self._hidden = hidden[0]  # of the flow's last step, in the end
            return found[0].numpy()

        return integrate_flow(velocity, noise, STEPS) * self._spread + self._mean

    def _widths(self, asked: np.ndarray, opening: float) -> np.ndarray:
        """Return what the fingers are told of the widths (horizon,) [m] that an expert asks for."""
        if self.rules.decide:
            return decided_widths(asked, opening, self._gripper.closing)
        return np.clip(asked, 0.0, self.opening_max)

    def _send(self, observation: Observation, actions: np.ndarray, spent: float) -> ActionChunk:
        self._counted = 0
        self._sent = self.codec.chunk(observation, actions, sequence=self._sequence, inference_s=spent)
        return self._sent

    def _stay(self, observation: Observation, width: float, spent: float) -> ActionChunk:
        self._sent, self.reasoning = None, None
        actions = np.zeros((self.codec.horizon, ACTION_SIZE))
        actions[:, -1] = width
        return self.codec.chunk(observation, actions, TaskStatus.INVALID, self._sequence, inference_s=spent)

    # -- memory --------------------------------------------------------------------------------------------------
    def _remember(self, observation: SingleArmObservation) -> None:
        """Take what the last chunk has commanded since it was sent."""
        sent = self._sent
        if sent is None:
            return
        widths = sent.values[:, sent.channels.index(f"{self.codec.gripper}/width")]
        period = self.codec.period
        elapsed = round((observation.stamp - sent.stamp) / period)
        passed = int(np.clip(elapsed, 0, len(sent.times)))
        before, told_before, told = replace(self._gripper), self._told, observation.gripper_width_commanded
        self._told = told
        was_closing = before.closing
        for width in widths[self._counted : passed]:
            self._gripper.update(float(width), observation.T_base_ee_commanded)
        if elapsed > passed > 0:
            self._gripper.update(float(widths[passed - 1]), observation.T_base_ee_commanded, elapsed - passed)
        if told is not None and told_before is not None:
            steps = max(elapsed, passed) - self._counted
            self._gripper = self._gripper.carried_out(
                before, steps, told < CLOSING, told_before < CLOSING, observation.T_base_ee_commanded
            )
        self._counted = passed
        closed = self._gripper.closing
        if closed and not was_closing:
            self._has_closed()
        empty = self._gripper.since_closing * period >= EMPTY_AFTER and observation.state.gripper_width < EMPTY
        if self.rules.reopen and closed and empty:
            # The expert has never seen fingers that stay closed on nothing, and may leave them so.
            self._gripper.update(self.opening_max, observation.T_base_ee_commanded, 0)
        if (closed or was_closing) and not self._gripper.closing:
            self._has_opened(observation)

    def _has_closed(self) -> None:  # noqa: B027  (most have nothing to do then)
        """Take that the fingers were told to close since the last look."""

    def _has_opened(self, observation: SingleArmObservation) -> None:  # noqa: B027
        """Take that the fingers were told to open since the last look, or held nothing."""

    def _before(self, observation: SingleArmObservation) -> SingleArmState:
        states = [*observation.history, observation.state]
        return min(states, key=lambda state: abs(observation.stamp - HISTORY_S - state.stamp))

    def _views(self, observation: SingleArmObservation) -> list[CameraView]:
        for name in self._cameras:
            if name not in observation.cameras:
                raise ConfigError(
                    f"graspvla needs camera '{name}', the robot has {', '.join(observation.cameras) or 'none'}; "
                    f"launch with cameras:={','.join(self._cameras)}"
                )
        return [observation.cameras[name] for name in self._cameras]
