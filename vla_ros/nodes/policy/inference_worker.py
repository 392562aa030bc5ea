# SPDX-License-Identifier: Apache-2.0
"""A thread that infers: the newest request wins, and no failure of a policy gets past it."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable

from controllers.chunks.chunk import ActionChunk, instruction_hash
from vla_ros.nodes.policy.observation_builder import NotReady
from vla_ros.nodes.scheduling import yield_processor
from vla_ros.policies.base import Policy
from vla_ros.policies.observation import Observation


class InferenceWorker:
    """Run `policy.infer` away from the executor."""

    def __init__(
        self,
        policy: Policy,
        on_chunk: Callable[[ActionChunk], None],
        on_failure: Callable[[str], None],
        niceness: int = 0,
    ) -> None:
        """Call `on_chunk` with every chunk and `on_failure` with one line for every failure, in the worker's thread.

        `niceness`: how far that thread gives way to those who work.
        """
        self._niceness = niceness
        self._policy, self._on_chunk, self._on_failure = policy, on_chunk, on_failure
        self._wake = threading.Condition()
        self._request: Callable[[], Observation] | None = None
        self._instruction: str | None = None
        self._closed = False
        self._sequence = 0
        self.busy, self._began = False, 0.0  # [s, monotonic] when it began to be
        self.waiting_for = ""  # what the newest exposure lacked
        self.seconds = 0.0  # [s] the last inference took
        self.count = 0
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)
        self._thread.start()

    @property
    def busy_s(self) -> float:
        """Return how long the inference under way has taken so far [s]; 0 where there is none."""
        return time.monotonic() - self._began if self.busy else 0.0

    def request(self, build: Callable[[], Observation]) -> None:
        """Ask for a chunk for the observation that `build` returns; replaces a request that waits."""
        with self._wake:
            self._request = build
            self._wake.notify()

    def begin_anew(self) -> None:
        """Have the policy reset before the next inference, although the instruction may be the same."""
        with self._wake:
            self._request = self._instruction = None

    def close(self, timeout: float = 0.5) -> None:
        """End the thread; an inference under way is waited for at most `timeout` [s]."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        if self._niceness:
            yield_processor(self._niceness)
        while True:
            with self._wake:
                self.busy = False
                while (build := self._request) is None and not self._closed:
                    self._wake.wait()
                if self._closed or build is None:
                    return
                self._request = None
                self.busy, self._began = True, time.monotonic()
            try:
                chunk = self._infer(build())
            except NotReady as reason:
                self.waiting_for = str(reason)
                continue
            except Exception as error:  # whatever a policy raises: the arm must not move for it, nor the node die
                self._on_failure(f"{type(error).__name__}: {error}".splitlines()[0])
                continue
            self.waiting_for = ""
            self._on_chunk(chunk)

    def _infer(self, observation: Observation) -> ActionChunk:
        if observation.instruction != self._instruction:
            self._instruction = observation.instruction
            self._policy.reset()
        started = time.monotonic()
        chunk = self._policy.infer(observation)
        self.seconds = time.monotonic() - started
        self.count += 1
        # A policy's own numbering restarts with its episode; that of a source must not.
        self._sequence += 1
        return dataclasses.replace(
            chunk,
            sequence=self._sequence,
            instruction=instruction_hash(observation.instruction),
            inference_s=self.seconds,
        )
