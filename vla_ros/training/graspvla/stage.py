# SPDX-License-Identifier: Apache-2.0
"""One stage of the chain trained from start to end: resumable to the step, with an average of the weights beside."""

from __future__ import annotations

import copy
import csv
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

Losses = dict[str, Tensor]


@dataclass(frozen=True)
class StageConfig:
    """How long and how fast a stage learns."""

    steps: int
    batch: int
    learning_rate: float
    weight_decay: float = 0.02
    warm_up: int = 100  # steps
    average: float = 0.998  # of the weights kept a step
    clip: float = 1.0  # norm of the gradient
    bf16: bool = True
    validate_every: int = 500  # steps
    save_every_s: float = 60.0


class Stage:
    """Train one network; `batch(step)` makes its data, `loss(network, batch, rng)` what is minimised.

    Batches are a function of the step alone, so an interrupted training goes on as if it had not been.
    """

    def __init__(
        self,
        name: str,
        network: nn.Module,
        config: StageConfig,
        folder: Path,
        batch: Callable[[int], object],
        loss: Callable[[nn.Module, object, torch.Generator], Losses],
        validate: Callable[[nn.Module], dict[str, float]],
        show: Callable[[str, int, int, dict[str, float]], None],
    ) -> None:
        self.name, self.network, self.config, self.folder = name, network, config, folder
        self._batch, self._loss, self._validate, self._show = batch, loss, validate, show
        self.average = copy.deepcopy(network).requires_grad_(False)
        parameters = [p for p in network.parameters() if p.requires_grad]
        matrices = [p for p in parameters if p.ndim > 1]
        rest = [p for p in parameters if p.ndim <= 1]
        self._optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": config.weight_decay}, {"params": rest, "weight_decay": 0.0}],
            lr=config.learning_rate,
            betas=(0.9, 0.98),
        )
        self.step = 0
        self.figures: dict[str, float] = {}  # of the last validation
        self._state = folder / f"{name}.training.pt"
        if self._state.exists():
            self._load()

    def run(self) -> nn.Module:
        """Train to the last step; return the averaged network, ready to infer."""
        config = self.config
        saved = time.monotonic()
        recent: dict[str, list[float]] = {}
        batches = _Ahead(self._batch, self.step, config.steps)
        try:
            while self.step < config.steps:
                losses = self._update(batches.next())
                for name, value in losses.items():
                    recent.setdefault(name, []).append(value)
                self.step += 1
                if self.step % 50 == 0:
                    means = {name: float(np.mean(values)) for name, values in recent.items()}
                    recent = {}
                    self._log("train", means)
                    self._show(self.name, self.step, config.steps, means)
                if self.step % config.validate_every == 0 or self.step == config.steps:
                    self.figures = self._validate(self.average.eval())
                    self._log("validation", self.figures)
                    self._show(self.name, self.step, config.steps, self.figures)
                if time.monotonic() - saved > config.save_every_s:
                    self._save()
                    saved = time.monotonic()
        finally:
            batches.stop()
            self._save()
        return self.average.eval()

    def _update(self, batch: object) -> dict[str, float]:
        config = self.config
        warm = min(1.0, (self.step + 1) / config.warm_up)
        cosine = 0.5 * (1.0 + np.cos(np.pi * self.step / config.steps))
        for group in self._optimizer.param_groups:
            group["lr"] = config.learning_rate * warm * max(cosine, 0.02)
        rng = torch.Generator().manual_seed(self.step)
        self.network.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=config.bf16):
            losses = self._loss(self.network, batch, rng)
        total = torch.stack(list(losses.values())).sum()
        self._optimizer.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), config.clip)
        self._optimizer.step()
        self._follow()
        return {name: float(value.detach()) for name, value in losses.items()}

    def _follow(self) -> None:
        """Move the average a little towards the weights; early on faster, or it would remember the beginning."""
        keep = min(self.config.average, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            theirs = self.network.state_dict()
            for name, value in self.average.state_dict().items():
                if value.dtype.is_floating_point:
                    value.lerp_(theirs[name], 1.0 - keep)
                else:
                    value.copy_(theirs[name])

    def _save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "figures": self.figures,
        }
        part = self._state.with_suffix(".part")
        torch.save(state, part)
        os.replace(part, self._state)

    def _load(self) -> None:
        state = torch.load(self._state, weights_only=True)
        self.step = state["step"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.figures = state["figures"]

    def _log(self, kind: str, figures: dict[str, float]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.csv").open("a", newline="") as file:
            writer = csv.writer(file)
            for name, value in figures.items():
                writer.writerow([f"{time.time():.0f}", self.name, kind, self.step, name, f"{value:.6g}"])


class _Ahead:
    """Make batches in a thread, a few ahead."""

    def __init__(self, make: Callable[[int], object], first: int, end: int) -> None:
        self._queue: queue.Queue = queue.Queue(maxsize=3)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(make, first, end), daemon=True)
        self._thread.start()

    def _run(self, make: Callable[[int], object], first: int, end: int) -> None:
        for step in range(first, end):
            try:
                made: object = make(step)
            except BaseException as error:  # told to whoever waits
                made = error
            while not self._stopped.is_set():
                try:
                    self._queue.put(made, timeout=0.2)
                    break
                except queue.Full:
                    continue
            if self._stopped.is_set() or isinstance(made, BaseException):
                return

    def next(self) -> object:
        """Return the next batch; raises what making it raised."""
        made = self._queue.get()
        if isinstance(made, BaseException):
            raise made
        return made

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()
