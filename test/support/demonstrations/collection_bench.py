# SPDX-License-Identifier: Apache-2.0
"""A collection at work on its station: real recorder, real bags, no operator."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from demonstrations.recording_station import RecordingStation
from demonstrations.small_collection import TASK
from vla_ros.data.bags.recording import RecordingSettings
from vla_ros.teleop.episodes.collecting import EpisodeCollection


class CollectionBench:
    """A collection and its station; `go` runs a coroutine on the loop that both belong to."""

    def __init__(self, root: Path, task: dict | None = None, settings: RecordingSettings | None = None) -> None:
        self.root, self._settings = root, settings
        self.task = root.parent / "task.yaml"
        self.task.write_text(yaml.safe_dump(task or TASK, sort_keys=False))
        self.loop = asyncio.new_event_loop()
        self.notes: list[tuple[str, str]] = []
        self.changes = 0
        self.station = RecordingStation(root / "episodes", settings)
        self.collection: EpisodeCollection | None = None
        self.open()

    def open(self) -> None:
        self.collection = EpisodeCollection(self.root, self.station, self.task)
        self.collection.on_note(lambda level, text: self.notes.append((level, text)))
        self.collection.on_change(self._count)
        self.go(self._start())
        self.settle()

    async def _start(self) -> None:
        self.collection.start()

    def _count(self) -> None:
        self.changes += 1

    def go(self, work):
        return self.loop.run_until_complete(work)

    def settle(self) -> None:
        self.go(self.collection._settled())

    def run_until(self, done: Callable[[], bool], seconds: float = 20.0) -> bool:
        async def wait() -> bool:
            end = time.monotonic() + seconds
            while not done():
                if time.monotonic() > end:
                    return False
                await asyncio.sleep(0.02)
            return True

        return self.go(wait())

    @property
    def now(self) -> dict:
        return dict(self.collection.snapshot())

    def record(self, success: bool = True, seconds: float = 0.15, note: str = "") -> str:
        name = self.go(self.collection.episode_start("Ada"))["episode"]
        self.go(asyncio.sleep(seconds))
        self.go(self.collection.episode_stop(success, note))
        self.settle()
        return name

    def close(self) -> None:
        if self.collection is not None:
            self.go(self.collection.close())
            self.collection = None

    def end(self) -> None:
        self.close()
        self.station.close()
        self.loop.close()


def cell(prompt: dict) -> str:
    return f"{prompt['action']}, {prompt['object']}, {prompt['position']}"


def done(bench: CollectionBench) -> dict[str, int]:
    return {entry["cell"]: entry["done"] for entry in bench.now["counts"]}
