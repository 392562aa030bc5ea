# SPDX-License-Identifier: Apache-2.0
"""Batches are made ahead, in order and the same ones, in a thread or in processes; what goes wrong there is told."""

from __future__ import annotations

import os

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from vla_ros.training.stages.ahead import batches_ahead


def drawn(step: int) -> dict[str, object]:
    return {"numbers": torch.from_numpy(np.random.default_rng(step).normal(size=(3, 2))), "nothing": {}}


def broken(step: int) -> object:
    raise ValueError(f"step {step} cannot be made")


@pytest.mark.parametrize("processes", [0, 1, 2])
def test_batches_come_in_order_and_are_those_of_their_steps(processes: int) -> None:
    batches = batches_ahead(drawn, 5, 40, processes)
    for step in range(5, 25):
        made = batches.next()
        assert isinstance(made, dict)
        assert made["nothing"] == {}
        assert torch.equal(made["numbers"], drawn(step)["numbers"])
    batches.stop()


@pytest.mark.parametrize("processes", [0, 2])
def test_what_goes_wrong_is_raised_where_the_batch_is_taken(processes: int) -> None:
    batches = batches_ahead(broken, 0, 9, processes)
    with pytest.raises(ValueError, match="step 0 cannot be made"):
        batches.next()
    batches.stop()


def test_processes_make_them_elsewhere_and_end_when_they_are_stopped() -> None:
    batches = batches_ahead(lambda step: {"made by": torch.tensor(os.getpid())}, 0, 1000, 2)
    made = [batches.next() for _ in range(6)]
    makers = {int(batch["made by"]) for batch in made if isinstance(batch, dict)}
    assert len(makers) == 2
    assert os.getpid() not in makers
    batches.stop()
    for maker in makers:
        with pytest.raises(ProcessLookupError):
            os.kill(maker, 0)
