# SPDX-License-Identifier: Apache-2.0
"""Many inputs for one family, in processes that may die of them; goes on where the same campaign was left."""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.parser_fuzzing import damage, worker
from bench.parser_fuzzing.families import Family
from bench.parser_fuzzing.findings import KEPT_MAX, Finding
from bench.parser_fuzzing.limits import SECONDS_MAX
from bench.parser_fuzzing.sound_folder import in_memory
from controllers.errors import ConfigError
from vla_ros.documents import read_json
from vla_ros.new_file import replace_file

SILENCE_MAX = 6 * SECONDS_MAX  # [s] at one input until it counts as one that hangs
INPUTS_OF_A_PROCESS = 50_000  # then a new one takes over: what libraries keep for good goes with the old one
SAVED_EVERY_S = 5.0
START_S = 120.0  # until the first input, with everything imported


@dataclass
class Campaign:
    """What is known of a family under one seed. Raises ConfigError for a file that is none."""

    family: Family
    seed: int
    folder: Path | None = None  # of findings and of what is resumed; None: nothing is kept
    done: int = 0  # inputs
    seconds: float = 0.0
    memory_mb: float = 0.0  # that a process had at most
    failures: list[str] = field(default_factory=list)  # the first of each kind
    kinds: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if self._file is None or not self._file.is_file():
            return
        said = read_json(self._file)
        try:
            if said["digest"] != self._digest():
                return  # other inputs than then: from the beginning
            self.done, self.seconds = int(said["done"]), float(said["seconds"])
            self.memory_mb, self.failures = float(said["memory_mb"]), list(map(str, said["failures"]))
            self.kinds = Counter({str(kind): int(count) for kind, count in said["kinds"].items()})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"{self._file}: no campaign ({error}): delete it to begin anew") from None

    @property
    def rate(self) -> float:
        """Return inputs a second."""
        return self.done / self.seconds if self.seconds else 0.0

    def figures(self) -> dict[str, float]:
        """Return what came of it."""
        values = {"inputs": self.done, "inputs_per_s": self.rate, "memory_mb": self.memory_mb,
                  "failed": self.kinds.total(), "findings": len(self.kinds)}  # fmt: skip
        return {f"{self.family.name}_{name}": float(value) for name, value in values.items()}

    def run(self, inputs: int, seconds: float = float("inf")) -> None:
        """Go on until so many inputs are done, or for so long [s]; what is done is kept, whatever ends it."""
        for _ in self.running(inputs, seconds):
            pass

    def running(self, inputs: int, seconds: float = float("inf")) -> Generator[None]:
        """Do what `run` does, yielding now and then: other campaigns go on meanwhile, each in a process of its own."""
        began, before = time.monotonic(), self.seconds
        until = began + seconds
        try:
            while self.done < inputs and time.monotonic() < until:
                numbers = range(self.done, min(self.done + INPUTS_OF_A_PROCESS, inputs))
                for _ in self._processed(numbers, until):
                    self.seconds = before + time.monotonic() - began
                    yield
        finally:
            self.seconds = before + time.monotonic() - began
            self._save()

    def _processed(self, numbers: range, until: float) -> Generator[None]:
        """Have one process read inputs; yield now and then."""
        with in_memory() as folder:  # not the child's: it may be killed
            yield from self._processed_in(Path(folder), numbers, until)

    def _processed_in(self, folder: Path, numbers: range, until: float) -> Generator[None]:
        context = multiprocessing.get_context("fork")
        at, failures = context.Value("q", numbers.start - 1, lock=False), context.SimpleQueue()
        arguments = (self.family, numbers, self.seed, folder, self._findings, at, failures)
        child = context.Process(target=worker.work, args=arguments, daemon=True)
        child.start()
        heard, saved = time.monotonic() + START_S - SILENCE_MAX, time.monotonic()
        last = at.value
        try:
            while child.is_alive() and time.monotonic() < until and time.monotonic() - heard < SILENCE_MAX:
                with contextlib.suppress(psutil.Error):  # it may have ended
                    self.memory_mb = max(self.memory_mb, psutil.Process(child.pid).memory_info().rss / (1 << 20))
                child.join(0.02 if self.done - numbers.start < 50 else 0.2)
                self._take(failures)
                if at.value != last:
                    last, heard = at.value, time.monotonic()
                    self.done = max(last, self.done)
                if time.monotonic() - saved > SAVED_EVERY_S:
                    self._save()
                    saved = time.monotonic()
                yield
            ended, code = not child.is_alive(), child.exitcode
            self._take(failures)
            self.done = max(at.value, numbers.start)
            if self.done < numbers.stop and (ended or time.monotonic() < until):
                self._died(self.done, f"ended by it (exit code {code})" if ended else f"hangs for {SILENCE_MAX:g} s")
                self.done += 1
        finally:
            child.kill()
            child.join()

    def _take(self, failures: Any) -> None:
        while not failures.empty():
            self._found(*failures.get())

    def _died(self, number: int, failure: str) -> None:
        originals = {path: path.read_bytes() for path in self.family.inputs()}
        original, content = worker.input_of(self.family, self.seed, number, originals)
        log = self._findings / f"{self.family.name}.log" if self._findings else None
        said = log.read_text()[-2000:] if log and log.is_file() else ""
        self._found(Finding(self.family.name, self.seed, number, self.family.place(original), failure + said), content)

    def _found(self, finding: Finding, content: bytes) -> None:
        kind = finding.signature
        self.kinds[kind] += 1
        if self.kinds[kind] == 1:
            self.failures.append(f"{finding.folder} ({finding.file}): {finding.failure}")
        if self._findings and self.kinds[kind] <= KEPT_MAX:
            finding.keep(self._findings, content)

    @property
    def _findings(self) -> Path | None:
        return self.folder / "findings" if self.folder else None

    @property
    def _file(self) -> Path | None:
        return self.folder / f"{self.family.name}-{self.seed}.json" if self.folder else None

    def _save(self) -> None:
        if self._file is None:
            return
        values = {"digest": self._digest(), "done": self.done, "seconds": self.seconds, "memory_mb": self.memory_mb,
                  "failures": self.failures, "kinds": self.kinds}  # fmt: skip
        self._file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self._file, (json.dumps(values, indent=1) + "\n").encode())

    def _digest(self) -> str:
        """Return what the inputs of a seed depend on."""
        digest = hashlib.sha256(Path(damage.__file__).read_bytes())
        for path in self.family.inputs():
            digest.update(f"{self.family.place(path)} ".encode() + path.read_bytes())
        return digest.hexdigest()[:16]


def fuzz(family: Family, inputs: int, seed: int = 0) -> list[str]:
    """Return what went wrong with a family on so many inputs."""
    campaign = Campaign(family, seed)
    campaign.run(inputs)
    return campaign.failures
