# SPDX-License-Identifier: Apache-2.0
"""Who trains: one process on the CPU or a GPU, or several, as torchrun starts them; only the leader writes.

The losses call parts of the networks (`network.encode(…)`), which torch's DistributedDataParallel does not see; so
gradients are averaged by hand, in one message a step.
"""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import distributed as processes
from torch import nn

from controllers.errors import ConfigError

PATIENCE = datetime.timedelta(hours=24)  # others wait as long for the leader, who may be generating data


@dataclass(frozen=True)
class DistributedContext:
    """This process among all that train."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def leads(self) -> bool:
        """Tell whether this is the one that writes."""
        return self.rank == 0

    def average(self, parameters: Iterable[nn.Parameter], note: float) -> float:
        """Replace gradients by their mean over all processes; return the sum of their notes.

        A note tells everybody in the same step that one was asked to stop, or has seen something that is not finite.
        """
        if self.size == 1:
            return note
        learned = list(parameters)
        for p in learned:
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        gradients = [p.grad for p in learned if p.grad is not None]
        message = torch.cat([*(g.flatten() for g in gradients), gradients[0].new_tensor([note])])
        processes.all_reduce(message)
        for gradient, mean in zip(gradients, message[:-1].split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient) / self.size)
        return float(message[-1])

    def wait(self) -> None:
        """Wait until everybody is here."""
        if self.size > 1:
            processes.barrier()

    @contextlib.contextmanager
    def leader_first(self) -> Iterator[None]:
        """Let the leader do the block before the others: what it leaves on disk they find done."""
        if not self.leads:
            self.wait()
        yield
        if self.leads:
            self.wait()


@contextlib.contextmanager
def join_processes(environment: Mapping[str, str] = os.environ) -> Iterator[DistributedContext]:
    """Join the processes that torchrun has started, or train alone; on a GPU where there is one."""
    size = int(environment.get("WORLD_SIZE", "1"))
    rank, local = int(environment.get("RANK", "0")), int(environment.get("LOCAL_RANK", "0"))
    device = torch.device("cpu")
    if torch.cuda.is_available():
        if local >= torch.cuda.device_count():
            raise ConfigError(
                f"process {local} of this machine has no GPU, there are {torch.cuda.device_count()}: "
                "give torchrun --nproc-per-node as many as there are"
            )
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    if size == 1:
        yield DistributedContext(device=device)
        return
    processes.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield DistributedContext(rank, size, device)
    finally:
        processes.destroy_process_group()


def moved(made: object, device: torch.device) -> object:
    """Return a batch with its tensors on this device."""
    if isinstance(made, torch.Tensor):
        return made.to(device, non_blocking=True)
    if isinstance(made, dict):
        return {name: moved(value, device) for name, value in made.items()}
    return made
