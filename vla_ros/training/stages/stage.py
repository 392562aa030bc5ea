# SPDX-License-Identifier: Apache-2.0
"""One stage of the chain trained from start to end: resumable to the step, with an average of the weights beside."""

from __future__ import annotations

import copy
import dataclasses
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from controllers.errors import ConfigError, VlaError
from vla_ros.training.stages.ahead import batches_ahead
from vla_ros.training.stages.distributed import DistributedContext, moved
from vla_ros.training.stages.events import LOSSES, VALIDATION, OnEvent, TrainingEvent
from vla_ros.training.stages.stage_config import StageConfig

Losses = dict[str, Tensor]
EVENT_EVERY = 50  # steps between two means of the losses
_HOW_OFTEN = ("validate_every", "save_every_s")  # settings that change nothing in what is learned


@dataclass(frozen=True)
class PeriodicEvaluation:
    """An expensive evaluation, made now and then: the weights of the highest figure are the stage's result."""

    every: int  # steps
    judge: Callable[[nn.Module], dict[str, float]]
    figure: str


class Stage:
    """Train one network; `batch(step)` makes its data, `loss(network, batch, rng)` what is minimised.

    Batches and random numbers are functions of the step alone, so an interrupted training goes on as if it had not
    been. `stop` is asked after each step. Raises ConfigError when an earlier run's state cannot be gone on from.
    """

    def __init__(
        self,
        name: str,
        network: nn.Module,
        config: StageConfig,
        folder: Path,
        batch: Callable[[int], object],
        loss: Callable[[nn.Module, Any, torch.Generator], Losses],
        validate: Callable[[nn.Module], dict[str, float]],
        on_event: OnEvent = lambda event: None,
        distributed: DistributedContext | None = None,
        stop: Callable[[], bool] = lambda: False,
        evaluation: PeriodicEvaluation | None = None,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        """`rates` are of the learning rate, by how the names of weights begin."""
        self.name, self.network, self.config = name, network, config
        self.distributed = distributed or DistributedContext()
        self.network.to(self.distributed.device)
        self._batch, self._loss, self._validate, self._on_event, self._stop = batch, loss, validate, on_event, stop
        self._evaluation = evaluation
        self.average = copy.deepcopy(network).requires_grad_(False)
        self._optimizer = torch.optim.AdamW(
            _parameter_groups(network, config, rates or {}),
            lr=config.learning_rate,
            betas=(0.9, 0.98),
            fused=self.distributed.device.type == "cuda",
        )
        # Weights and counters of the average and of what it follows. Loading copies into them: they stay the same.
        pairs = list(zip(self.average.state_dict().values(), network.state_dict().values(), strict=True))
        self._weights = [pair for pair in pairs if pair[0].dtype.is_floating_point]
        self._counters = [pair for pair in pairs if not pair[0].dtype.is_floating_point]
        self.step = 0
        self.figures: dict[str, float] = {}  # of the last validation
        self._best: dict[str, Any] | None = None  # figure, step and weights of the best evaluation
        self._state = state_path(folder, name)
        if self._state.exists():
            self._load()

    @property
    def done(self) -> bool:
        """Tell whether the last step has been made."""
        return self.step >= self.config.steps

    def judge_start(self) -> None:
        """Judge the weights that it begins with, as long as it has not: what a fine-tuning is compared with."""
        if self.step == 0:
            self._judge()

    def run(self) -> nn.Module:
        """Train to the last step, or until asked to stop; return the averaged network, ready to infer: of the best
        evaluation where there was one.

        Raises VlaError when a loss or a gradient is no longer finite: the state of the last saving is kept.
        """
        config = self.config
        if self.done:
            self._report(LOSSES, {})  # of an earlier run: nothing of it is left to do
            return self._result()
        saved = time.monotonic()
        recent: dict[str, list[float]] = {}
        batches = batches_ahead(self._batch, self.step, config.steps, self._makers())
        try:
            stopping = False
            while not self.done and not stopping:
                losses, stopping = self._update(batches.next())
                for name, value in losses.items():
                    recent.setdefault(name, []).append(value)
                self.step += 1
                if self.step % EVENT_EVERY == 0 or self.done:
                    self._report(LOSSES, {name: float(np.mean(values)) for name, values in recent.items()})
                    recent = {}
                if self.step % config.validate_every == 0 or self.done:
                    self._judge()
                if self._evaluation is not None and (self.step % self._evaluation.every == 0 or self.done):
                    self._try(self._evaluation)
                if time.monotonic() - saved > config.save_every_s:
                    self._save()
                    saved = time.monotonic()
        finally:
            batches.stop()
        # Not when something was raised: the weights may be half a step on.
        self._save()
        return self._result()

    def _makers(self) -> int:
        """Return how many processes make batches; 0: a thread beside the CPU that learns."""
        if self.distributed.device.type == "cpu":
            return 0
        return max(1, len(os.sched_getaffinity(0)) // self.distributed.size - 1)

    def _result(self) -> nn.Module:
        if self._best is None:
            return self.average.eval()
        best = copy.deepcopy(self.average)
        best.load_state_dict(self._best["network"])
        return best.eval()

    def _update(self, batch: object) -> tuple[dict[str, float], bool]:
        """Make one step; return its losses, and whether somebody asks to stop after it."""
        config = self.config
        warm = min(1.0, (self.step + 1) / config.warm_up)
        cosine = 0.5 * (1.0 + math.cos(math.pi * self.step / config.steps))  # NumPy's scalars would not load again
        for group in self._optimizer.param_groups:
            group["lr"] = group["rate"] * config.learning_rate * warm * max(cosine, 0.02)
        # Drawn on the CPU, so that every device learns from the same numbers; each process has its own.
        rng = torch.Generator().manual_seed(self.step + 1_000_003 * self.distributed.rank)
        self.network.train()
        device = self.distributed.device
        with torch.autocast(device.type, torch.bfloat16, enabled=config.bf16):
            losses = self._loss(self.network, moved(batch, device), rng)
        each = torch.stack(list(losses.values()))
        self._optimizer.zero_grad(set_to_none=True)
        each.sum().backward()
        # All at once: a GPU is waited for whenever a number is read.
        values = dict(zip(losses, each.detach().tolist(), strict=True))
        finite = all(map(math.isfinite, values.values()))
        note = self.distributed.average(self.network.parameters(), float(self._stop()) if finite else math.nan)
        norm = float(nn.utils.clip_grad_norm_(self.network.parameters(), config.clip))
        if not math.isfinite(note + norm):
            raise self._not_finite(values)
        self._optimizer.step()
        self._follow()
        return values, note > 0.0

    def _follow(self) -> None:
        """Move the average a little towards the weights; early on faster, or it would remember the beginning."""
        keep = min(self.config.average, (self.step + 1) / (self.step + 10))
        with torch.no_grad():
            get_ema_multi_avg_fn(keep)(*map(list, zip(*self._weights, strict=True)), None)
            for mine, theirs in self._counters:
                mine.copy_(theirs)

    def _judge(self) -> None:
        with self.distributed.leader_first():
            if self.distributed.leads:
                # As it will infer: on the CPU.
                average = self.average if self.distributed.device.type == "cpu" else copy.deepcopy(self.average).cpu()
                self.figures = self._validate(average.eval())
                self._report(VALIDATION, self.figures)

    def _try(self, evaluation: PeriodicEvaluation) -> None:
        with self.distributed.leader_first():
            if self.distributed.leads:
                figures = evaluation.judge(self.average.eval())
                self.figures |= figures
                self._report(VALIDATION, figures)
                if self._best is None or figures[evaluation.figure] >= self._best["figure"]:
                    weights = {name: value.clone() for name, value in self.average.state_dict().items()}
                    self._best = {"figure": figures[evaluation.figure], "step": self.step, "network": weights}

    def _report(self, kind: str, figures: dict[str, float]) -> None:
        if self.distributed.leads:
            self._on_event(TrainingEvent(self.name, self.step, self.config.steps, kind, figures))

    def _save(self) -> None:
        if not self.distributed.leads:
            return
        state = {
            "config": dataclasses.asdict(self.config),
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "figures": self.figures,
            "best": self._best,
        }
        part = self._state.with_suffix(".part")
        try:
            self._state.parent.mkdir(parents=True, exist_ok=True)
            torch.save(state, part)
            os.replace(part, self._state)
        except (OSError, RuntimeError) as error:  # torch says RuntimeError when the disk is full
            part.unlink(missing_ok=True)
            raise ConfigError(f"{self._state}: cannot be written ({error}): make room, then train again") from None

    def _load(self) -> None:
        state = read_state(self._state, self.distributed.device)
        then, now = state["config"], dataclasses.asdict(self.config)
        for name, value in now.items():
            if name not in _HOW_OFTEN and then.get(name) != value:
                raise ConfigError(
                    f"{self._state}: was trained with {name} {then.get(name)}, not {value}: choose another output "
                    "folder, the settings of then, or remove the file to train this stage again"
                )
        try:
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self._optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError) as error:
            said = str(error).splitlines()[-1].strip()
            raise ConfigError(
                f"{self._state}: is of another network ({said}): remove it to train this stage again"
            ) from None
        self.step, self.figures, self._best = state["step"], state["figures"], state["best"]

    def _not_finite(self, losses: dict[str, float]) -> VlaError:
        bad = [f"{name} is {value}" for name, value in losses.items() if not math.isfinite(value)]
        kept = f"the last good state is kept in {self._state}" if self._state.exists() else "nothing was saved yet"
        return VlaError(
            f"stage {self.name}, step {self.step}: {', '.join(bad) or 'the gradient is not finite'}; {kept}: "
            f"lower {self.name}.learning_rate or set {self.name}.bf16: false, then train again"
        )


def _parameter_groups(network: nn.Module, config: StageConfig, rates: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return what learns, by its rate and by whether it decays: matrices do, biases and norms do not."""
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            rate = next((rate for start, rate in rates.items() if name.startswith(f"{start}.")), 1.0)
            groups.setdefault((rate, parameter.ndim > 1), []).append(parameter)
    return [
        {"params": parameters, "rate": rate, "weight_decay": config.weight_decay if decays else 0.0}
        for (rate, decays), parameters in groups.items()
    ]


def state_path(folder: Path, name: str) -> Path:
    """Return the file of a stage's state."""
    return folder / f"{name}.training.pt"


def read_state(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Read what a stage has saved. Raises ConfigError when it is torn."""
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        if not {"config", "step", "network", "average", "optimizer", "figures", "best"} <= set(state):
            raise ValueError("it lacks a part")
    except Exception as error:  # pickle, zip and torch each raise their own
        what = f"{path}: is corrupt or truncated ({type(error).__name__})"
        raise ConfigError(f"{what}: remove it to train this stage again") from None
    return state
