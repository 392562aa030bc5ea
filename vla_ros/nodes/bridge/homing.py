# SPDX-License-Identifier: Apache-2.0
"""The way home beside the bridge: home_node, as `vla home` runs it, in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Mapping

from controllers.errors import VlaError
from vla_ros.nodes.enclave import enclave_words

GOODBYE_S = 2.0
STARTED_EVERY_S = 0.005  # [s] between two looks whether its process is there


class HomeRun:
    """One home_node at a time. Everything runs in the server's loop."""

    def __init__(self, namespace: str, robot: str, environment: Mapping[str, str]) -> None:
        self._words = [sys.executable, "-m", "vla_ros.nodes.home_node", "--ros-args", "-p", f"robot:={robot}"]
        self._words += ["-r", f"__ns:={namespace}"] if namespace.strip("/") else []
        self._words += enclave_words("home")
        self._environment = dict(environment)
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def under_way(self) -> bool:
        """Say whether the arm is on its way home."""
        return self._task is not None and not self._task.done()

    def start(self, finished: Callable[[bool, str], None]) -> None:
        """Set off; `finished(home, text)` says how it ended. Raises VlaError when it is under way already."""
        if self.under_way:
            raise VlaError("the arm is on its way home already")
        self._process = None
        self._task = asyncio.create_task(self._run(finished))

    async def _run(self, finished: Callable[[bool, str], None]) -> None:
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._words,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            output, _ = await self._process.communicate()
        except OSError as error:
            finished(False, f"the way home cannot be started: {error.strerror}")
            return
        lines = output.decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it ended without a word")
        finished(self._process.returncode == 0, last)

    async def stop(self) -> None:
        """Have the arm come to rest where it is, if it is on its way."""
        while self.under_way and self._process is None:  # it is being started
            await asyncio.sleep(STARTED_EVERY_S)
        process, task = self._process, self._task
        if not self.under_way or process is None or task is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(asyncio.shield(task), GOODBYE_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await task
