# SPDX-License-Identifier: Apache-2.0
"""Correct what is left of a chunk at every look, while the policy computes the next one (after A2C2)."""

from __future__ import annotations

import dataclasses
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.closing import Closing
from vla_ros.policies.capabilities.correcting import CorrectingPolicy
from vla_ros.policies.chunking.delay import DelayConfig
from vla_ros.policies.chunking.progress import remainder
from vla_ros.policies.observation import Observation


class Pending(Protocol):
    """A chunk that is being computed."""

    def done(self) -> bool:
        """Say whether it is there."""
        ...

    def result(self) -> ActionChunk:
        """Return it, waiting for it. Raises what its policy raised."""
        ...


class Background(Protocol):
    """What computes chunks while others are corrected."""

    def ask(self, policy: Policy, observation: Observation) -> Pending:
        """Begin an inference."""
        ...

    def close(self) -> None:
        """End once the inference under way is over."""
        ...


class Thread:
    """One inference at a time, in a thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "chunk")

    def ask(self, policy: Policy, observation: Observation) -> Future[ActionChunk]:
        """Begin an inference."""
        return self._pool.submit(policy.infer, observation)

    def close(self) -> None:
        """End once the inference under way is over."""
        self._pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class CorrectionConfig(DelayConfig):
    """How the chunks are drawn that are corrected."""

    base: str = "rtc_identity"  # real-time chunking of one kind, or none: each is drawn for itself


@dataclass(frozen=True, eq=False)
class _Basis:
    """The chunk that is being corrected."""

    chunk: ActionChunk
    instruction: str


class CorrectedChunks:
    """Answer each look at once: with what is left of the policy's last chunk, corrected by what is seen now.

    The policy is asked in the background, again and again; its chunk takes over at the first look after it is there.
    Only the first look of an episode, a new instruction, and a chunk that ran out wait for the policy. Wants to be
    asked at every step.
    """

    def __init__(
        self, policy: CorrectingPolicy, background: Background | None = None, base: Policy | None = None
    ) -> None:
        """Have `background` run the inferences, a thread by default.

        `base`: what draws the policy's chunks, such as real-time chunking around it; the policy itself by default.
        """
        self._correcting = policy
        self.policy: Policy = policy if base is None else base  # and what it can do: reckon with delays, say
        self._background = background or Thread()
        self._basis: _Basis | None = None
        self._pending: tuple[Pending, str] | None = None  # and for which instruction
        self._sequence = 0

    def reset(self) -> None:
        """Forget the episode, once the inference under way is over."""
        self._forget()
        self.policy.reset()
        self._sequence = 0

    def close(self) -> None:
        """End the thread, and have the policy let go of what it holds open."""
        self._forget()
        self._background.close()
        closing = capability(self.policy, Closing)
        if closing is not None:
            closing.close()

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the rest of the newest chunk, corrected. Raises what the policy raised in the background."""
        basis = self._basis
        if basis is not None and (
            basis.instruction != observation.instruction or observation.stamp < basis.chunk.stamp
        ):
            self._forget()
        if self._pending is not None and self._pending[0].done():
            self._take()
        left = self._remainder(observation)
        if left is None and self._pending is not None:
            self._take()
            left = self._remainder(observation)
        if left is None:
            self._basis = _Basis(self.policy.infer(observation), observation.instruction)
            left = self._basis.chunk
        if self._pending is None:
            self._pending = self._background.ask(self.policy, observation), observation.instruction
        self._sequence += 1
        if left.status is not TaskStatus.ONGOING:
            return dataclasses.replace(left, sequence=self._sequence)
        return dataclasses.replace(self._correcting.correct(observation, left), sequence=self._sequence)

    def _take(self) -> None:
        """Make the chunk in the background the one that is corrected."""
        if self._pending is not None:
            (pending, instruction), self._pending = self._pending, None
            self._basis = _Basis(pending.result(), instruction)

    def _forget(self) -> None:
        self._basis = None
        if self._pending is not None:
            pending, self._pending = self._pending[0], None
            try:
                pending.result()
            except Exception:  # of an episode that is over
                return

    def _remainder(self, observation: Observation) -> ActionChunk | None:
        """Return what is left of the chunk, stamped like `observation`, or None."""
        if self._basis is None or self._basis.instruction != observation.instruction:
            return None
        return remainder(self._basis.chunk, observation)
