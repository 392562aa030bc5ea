# SPDX-License-Identifier: Apache-2.0
"""Summaries, pictures and films of episodes, made in the background: one at a time, by processes that yield to all."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from vla_ros.teleop.episodes.folder import CollectionFolder
from vla_ros.teleop.episodes.summary import Summary, read_summary, write_summary

TIMEOUT_S = 600.0  # of one: a bag that takes longer is not looked at again
STOP_WITHIN_S = 0.5  # [s] of those that a launcher gives a node


class Previews:
    """Make what is missing, the newest episode first; `ready(name)` is called from the thread."""

    def __init__(self, folder: CollectionFolder, ready: Callable[[str], None]) -> None:
        self._folder, self._ready = folder, ready
        self._wanted: queue.LifoQueue[str] = queue.LifoQueue()
        self._known: dict[str, Summary] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="previews", daemon=True)
        self._thread.start()

    def path(self, name: str) -> Path:
        """Return the folder of an episode's pictures."""
        return self._folder.previews / name

    def summary(self, name: str) -> Summary | None:
        """Return what is known of an episode; None as long as it has not been looked at."""
        if name not in self._known:
            found = read_summary(self.path(name))
            if found is None:
                return None
            self._known[name] = found
        return self._known[name]

    def want(self, name: str) -> None:
        """Have an episode summarised where that was not done."""
        if self.summary(name) is None:
            self._wanted.put(name)

    def close(self) -> None:
        """Stop; what is under way is done another time."""
        self._over.set()
        self._wanted.put("")
        process = self._process
        if process is not None and process.poll() is None:
            process.kill()  # it keeps nothing that is not whole
        self._thread.join(STOP_WITHIN_S)

    def _run(self) -> None:
        while True:
            name = self._wanted.get()
            if self._over.is_set():
                return
            if name and self.summary(name) is None and self._folder.has(name):
                self._make(name)
                if not self._over.is_set():
                    self._ready(name)

    def _make(self, name: str) -> None:
        bag, folder = self._folder.episodes / name, self.path(name)
        words = [sys.executable, "-m", "vla_ros.teleop.episodes.preview_process", str(bag), str(folder)]
        try:
            self._process = process = subprocess.Popen(
                words, env=os.environ | {"OMP_NUM_THREADS": "1"}, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError:
            return  # no process to be had now: another time
        try:
            process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self.summary(name) is None and not self._over.is_set() and self._folder.has(name):
            text = f"it could not be looked at (exit code {process.returncode})"
            try:
                folder.mkdir(parents=True, exist_ok=True)
                write_summary(folder, Summary(problem=text, marks=(text,)))
            except OSError:
                self._known[name] = Summary(problem=text, marks=(text,))  # the disk is full: not again in this run
