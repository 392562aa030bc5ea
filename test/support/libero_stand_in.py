# SPDX-License-Identifier: Apache-2.0
"""A process that speaks the protocol of LIBERO's, without LIBERO: a joint servo and one thing; and ways to misbehave.

Usage: python libero_stand_in.py HOW
"""

from __future__ import annotations

import sys

import numpy as np

from vla_ros.runtime.frames import read_frame, write_frame

START = np.array([0.0, -0.16, 0.0, -2.44, 0.0, 2.23, 0.785])


def main(how: str) -> None:
    time, q, width, size = 0.0, START.copy(), 0.08, (640, 480)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while (frame := read_frame(source)) is not None:
        values, arrays = frame
        request = values["request"]
        if request == "hello":
            write_frame(sink, {"protocol": 2 if how == "other protocol" else 1, "versions": {"mujoco": "3"}})
        elif how == f"dies at {request}":
            print("no memory left for textures", file=sys.stderr)
            sys.exit(3)
        elif how == f"refuses {request}":
            write_frame(sink, {"error": "ValueError: the suite has no such task"})
        elif how == f"silent at {request}":
            continue
        elif how == f"talks at {request}":
            sink.write(b"[robosuite WARNING] hello\n" * 3)
            sink.flush()
        elif request == "load":
            size = tuple(values["size"])
            write_frame(sink, {"objects": ["milk_1"], "states": 50, "timestep": 0.002})
        elif request == "render":
            color = np.zeros((size[1], size[0], 3), np.uint8)
            write_frame(sink, {}, {"color": color[:, :-1] if how == "small picture" else color,
                                   "depth": np.ones((size[1], size[0]), np.float32)})  # fmt: skip
        else:
            if request == "reset":
                time, q = 0.0, START.copy()
            else:
                time += 0.002 * values["count"]
                width = float(arrays["width"][0])
                q = q + 0.002 * values["count"] * 0.1 * arrays["effort"]
            state = np.concatenate([[time, width], q, np.zeros(7), np.eye(4).ravel(), np.eye(4).ravel()])
            if how == f"not finite at {request}":
                state[3] = np.nan
            write_frame(sink, {}, {"state": state[:-1] if how == f"short at {request}" else state})


if __name__ == "__main__":
    main(sys.argv[1])
