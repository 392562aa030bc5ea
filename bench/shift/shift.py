# SPDX-License-Identifier: Apache-2.0
"""One shift: the job under way, its processes sampled, a node killed now and then."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rig.launched_job import LaunchedJob
from rig.processes import process_of

from bench.shift.bags import LostEnd, judge_bags
from bench.shift.jobs import ShiftJob
from bench.shift.kill import Kill, kill_node
from bench.shift.sampling import Sampler, disk_mib
from controllers.errors import VlaError
from vla_ros.progress import WorkProgress

SAMPLE_EVERY_S = 10.0
WARM_UP_S = 30.0  # [s] in which a process loads: samples of a short shift would be all loading
UP_WITHIN_S = 180.0
STOP_WITHIN_S = 30.0
LISTEN_S = 0.2


class Shift:
    """Run a job for long and keep what was seen."""

    def __init__(self, work: ShiftJob, folder: Path, seed: int) -> None:
        """Start the job in `folder`; `seed` draws who is killed, and is that of the first scene."""
        self.work, self.folder = work, folder
        self.kills: list[Kill] = []
        self.lost: list[LostEnd] = []
        self.sampler = Sampler()
        self.worked_s = 0.0
        self.ended = ""  # why the job ended by itself
        self.output = ""
        self._random = np.random.default_rng(seed)
        self._bags = folder / "bags"
        words = (*work.words, f"seed:={seed}", f"record:={self._bags}")
        self.graph = LaunchedJob(folder, *words, job=work.job, robot=work.robot, every_arm=True)
        self._modules = {node.name: node.module for node in work.nodes()}

    def run(self, seconds: float, kill_every: float, console: Console) -> None:
        """Work for so long, from the moment the arm moves first. Raises VlaError where it never does."""
        graph = self.graph
        graph.arm.spin_until(lambda: graph.arm.under_way or graph.process.poll() is not None, UP_WITHIN_S)
        if not graph.arm.under_way:
            raise VlaError(f"bench soak: {self.work.job} does not begin: {graph.output.strip().splitlines()[-1:]}")
        began = time.monotonic()
        sample_at, kill_at = began, began + kill_every if kill_every else float("inf")
        with WorkProgress(console=console) as progress:
            task = progress.add_task(self.work.job, total=seconds)
            while (now := time.monotonic()) < began + seconds and graph.process.poll() is None:
                graph.arm.spin_until(lambda: graph.process.poll() is not None, LISTEN_S)
                self.worked_s = now - began
                progress.update(task, completed=self.worked_s, description=self._described())
                if now >= sample_at:
                    self._sample(now - began)
                    sample_at = now + SAMPLE_EVERY_S  # what a kill's judging held up is not made good: all at once
                if now >= kill_at:
                    self._kill(now - began, console)
                    kill_at = max(kill_at + kill_every, time.monotonic() + min(kill_every, SAMPLE_EVERY_S))
        self.worked_s = time.monotonic() - began
        if graph.process.poll() is not None:
            self.ended = next((line for line in reversed(graph.output.splitlines()) if line.startswith("vla: ")), "?")

    @property
    def episodes(self) -> int:
        """Return how many episodes are over."""
        return len(re.findall(r"^\[episode\]\s+episode \d+:", self.output or self.graph.output, re.MULTILINE))

    @property
    def successes(self) -> int:
        """Return how many of them were a success."""
        return len(re.findall(r"^\[episode\]\s+episode \d+: success", self.output or self.graph.output, re.MULTILINE))

    def close(self) -> None:
        """Have the job end as at Ctrl-C, and make sure that it is gone."""
        graph = self.graph
        try:
            if graph.process.poll() is None:
                graph.interrupt()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    graph.process.wait(STOP_WITHIN_S)
        finally:
            self.output = graph.output
            graph.close()

    def judge_bags(self) -> None:
        """Repair what killed recorders left, and see how much of its end is lost."""
        killed = [kill.wall for kill in self.kills if kill.node == "recorder"]
        self.lost = judge_bags(self._bags, killed)

    def _described(self) -> str:
        return f"{self.work.job}: {self.episodes} episodes, {len(self.kills)} kills"

    def _kill(self, at: float, console: Console) -> None:
        node = str(self._random.choice(self.work.killable()))
        kill = Kill(node, at)
        self.kills.append(kill)
        try:
            kill_node(self.graph, kill, self._modules[node])
        except KeyboardInterrupt:
            kill.problems.append("interrupted before it was judged")
            raise
        console.print(f"{at:.0f} s: {kill}", soft_wrap=True, highlight=False, markup=False)

    def _sample(self, at: float) -> None:
        graph = self.graph
        pids = {}
        for name, module in self._modules.items():
            try:
                pids[name] = process_of(self.folder, module)
            except ProcessLookupError:
                continue
        pids["launcher"] = graph.process.pid
        self.sampler.sample(at, pids, WARM_UP_S)
        graph.arm.lateness_ms, late = [], graph.arm.lateness_ms
        if late:
            self.sampler.add("lateness_ms", "control", at, float(np.percentile(late, 99)))
        run_mib = disk_mib(graph.run_directory) if graph.run_directory.exists() else 0.0
        self.sampler.add("disk_mib", "run folder", at, run_mib)
        bags_mib = disk_mib(self._bags) if self._bags.exists() else 0.0
        self.sampler.add("disk_mib", "bags", at, bags_mib)
        graph.arm.forget()  # it would keep every joint state of the hour
