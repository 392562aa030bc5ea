# SPDX-License-Identifier: Apache-2.0
"""A program that trains a tiny stage, alone or as torchrun starts it: FOLDER STEPS [STOP_AT [NAN_AT]].

The whole batch of a step is the same however many share it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn

from vla_ros.training.stages.distributed import DistributedContext, join_processes
from vla_ros.training.stages.stage import Stage
from vla_ros.training.stages.stage_config import StageConfig

BATCH = 8


def tiny_stage(
    folder: Path, steps: int, distributed: DistributedContext | None = None, stop_at: int = -1, nan_at: int = -1
) -> Stage:
    """Return a stage that learns a line; asked to stop by the last process at one step, told nonsense at another."""
    distributed = distributed or DistributedContext()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
    config = StageConfig(steps, BATCH, 1e-2, warm_up=5, bf16=False, validate_every=10)
    last = distributed.rank == distributed.size - 1

    def batch(step: int) -> dict[str, torch.Tensor]:
        x = torch.randn(BATCH, 3, generator=torch.Generator().manual_seed(step))
        y = x @ torch.tensor([[1.0], [-2.0], [0.5]])
        if step == nan_at and last:
            y[-1] = torch.nan
        mine = slice(distributed.rank * BATCH // distributed.size, (distributed.rank + 1) * BATCH // distributed.size)
        return {"x": x[mine], "y": y[mine]}

    def loss(net: nn.Module, made: dict[str, torch.Tensor], rng: torch.Generator) -> dict[str, torch.Tensor]:
        return {"line": (net(made["x"]) - made["y"]).square().mean()}

    stage = Stage(
        "line", network, config, folder, batch, loss, lambda net: {"weight": float(net[0].weight.detach().sum())},
        distributed=distributed, stop=lambda: last and stage.step == stop_at,
    )  # fmt: skip
    return stage


def main() -> None:
    folder, steps, *more = sys.argv[1:]
    with join_processes() as distributed:
        stage = tiny_stage(Path(folder), int(steps), distributed, *map(int, more))
        stage.run()
        print(f"process {distributed.rank} of {distributed.size} at step {stage.step}", flush=True)


if __name__ == "__main__":
    main()
