# SPDX-License-Identifier: Apache-2.0
"""Who makes scenes side by side: processes of this machine, or tasks of a Ray cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from controllers.errors import VlaError
from vla_ros.evaluation.child_process import SINGLE_THREAD
from vla_ros.runtime.parent_death import end_with
from vla_ros.training.candidates.files import CandidateFolder
from vla_ros.training.candidates.labelled_scene import SceneEnded, make_scene
from vla_ros.training.candidates.settings import CandidateSettings
from vla_ros.training.generation.ray_cluster import cores, first_line, join_cluster, one_core_task


class ScenePool(Protocol):
    """Whom scenes are given to."""

    @property
    def size(self) -> int:
        """Return how many scenes it makes at once."""

    @property
    def busy(self) -> int:
        """Return how many it has."""

    def start(self, settings: CandidateSettings, folder: CandidateFolder, seed: int) -> None:
        """Begin a scene."""

    def wait(self, timeout_s: float) -> list[SceneEnded]:
        """Return what has ended, after `timeout_s` [s] at the latest. Raises VlaError for a process that died."""

    def close(self) -> None:
        """End."""


class ProcessScenes:
    """Processes of this machine."""

    def __init__(self, workers: int) -> None:
        os.environ.update(SINGLE_THREAD)  # which a worker is born with
        context = multiprocessing.get_context("spawn")  # OpenGL contexts do not survive a fork
        self.size = workers
        self._pool = ProcessPoolExecutor(workers, context, _begin, (os.getpid(),))
        self._under_way: set[Future[SceneEnded]] = set()

    @property
    def busy(self) -> int:
        return len(self._under_way)

    def start(self, settings: CandidateSettings, folder: CandidateFolder, seed: int) -> None:
        self._under_way.add(self._pool.submit(make_scene, settings, folder, seed))

    def wait(self, timeout_s: float) -> list[SceneEnded]:
        done, self._under_way = wait(self._under_way, timeout_s, FIRST_COMPLETED)
        try:
            return [future.result() for future in done]
        except BrokenProcessPool:
            raise VlaError(
                "a worker process died, of too little memory perhaps: give fewer --workers, and start again"
            ) from None

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


class RayScenes:
    """Tasks of a Ray cluster, whose machines all see the folder; `size` 0: as many at once as it has cores.

    Raises ConfigError when Ray is not installed or there is no cluster at the address.
    """

    def __init__(self, address: str, size: int = 0) -> None:
        self._ray = join_cluster(address)
        self._asked = size
        self._task = one_core_task(self._ray, make_scene)
        self._under_way: list[Any] = []

    @property
    def size(self) -> int:
        return self._asked or cores(self._ray)

    @property
    def busy(self) -> int:
        return len(self._under_way)

    def start(self, settings: CandidateSettings, folder: CandidateFolder, seed: int) -> None:
        self._under_way.append(self._task.remote(settings, folder, seed))

    def wait(self, timeout_s: float) -> list[SceneEnded]:
        done, self._under_way = self._ray.wait(self._under_way, num_returns=1, timeout=timeout_s)
        try:
            return [self._ray.get(reference) for reference in done]
        except self._ray.exceptions.RayError as error:
            raise VlaError(f"a Ray task died ({first_line(error)}): start again, what is made is kept") from None

    def close(self) -> None:
        self._ray.shutdown()


def _begin(parent: int) -> None:
    """Ignore Ctrl-C, which the parent answers, and end with it: a pool's process would wait for work for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with(parent)
