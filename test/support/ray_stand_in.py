# SPDX-License-Identifier: Apache-2.0
"""A stand-in for Ray that runs its tasks here."""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass, field
from types import ModuleType

import pytest


class RayError(Exception):
    """What Ray raises for a task whose process died."""


@dataclass
class StandIn:
    """The part of Ray that is used. Everything that goes to a task or comes back is pickled, as Ray does."""

    dies_at: int = -1  # seed whose first task dies
    addresses: list[str] = field(default_factory=list)
    options_given: dict = field(default_factory=dict)
    closed: bool = False
    in_flight_most: int = 0

    def init(self, address: str, **more: object) -> None:
        if address == "auto":
            raise ConnectionError("Could not find any running Ray instance.\nMore lines.")
        self.addresses.append(address)

    def put(self, value: object) -> bytes:
        return pickle.dumps(value)

    def remote(self, function):
        stand_in = self

        class Remote:
            def options(self, **given):
                stand_in.options_given = given
                return self

            def remote(self, *given: object) -> object:
                values = [pickle.loads(one if isinstance(one, bytes) else pickle.dumps(one)) for one in given]
                if stand_in.dies_at in getattr(values[-1], "seeds", (values[-1],)):
                    stand_in.dies_at = -1
                    return Task(b"")
                return Task(pickle.dumps(function(*values)))

        return Remote()

    def wait(self, tasks: list, num_returns: int, timeout: float) -> tuple[list, list]:
        self.in_flight_most = max(self.in_flight_most, len(tasks))
        return tasks[-1:], tasks[:-1]

    def get(self, task: Task) -> object:
        if not task.result:
            raise RayError("The worker died unexpectedly.\nMore lines.")
        return pickle.loads(task.result)

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 3.0}

    def shutdown(self) -> None:
        self.closed = True


@dataclass(frozen=True, eq=False)
class Task:
    result: bytes


def standing_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Have `import ray` give a stand-in until the test ends."""
    stand_in, module = StandIn(), ModuleType("ray")
    for name in ("init", "put", "remote", "wait", "get", "cluster_resources", "shutdown"):
        setattr(module, name, getattr(stand_in, name))
    module.exceptions = ModuleType("ray.exceptions")
    module.exceptions.RayError = RayError
    monkeypatch.setitem(sys.modules, "ray", module)
    return stand_in
