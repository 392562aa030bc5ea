# SPDX-License-Identifier: Apache-2.0
"""A process that speaks the protocol of LeRobot's, without LeRobot: rows that say what was seen; and ways to misbehave.

Usage: python stand_in.py HOW. Row k of a chunk is the last state plus k mm in its first number; its last is the
width that the newest picture's red says, in tenths of a metre.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from vla_ros.runtime.answering import answer_standard_streams
from vla_ros.runtime.frames import Frame


def answer_as(how: str):
    def answer(values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Frame:
        request = values["request"]
        if how == f"dies at {request}":
            print("no memory left for weights", file=sys.stderr)
            sys.stderr.flush()
            sys.exit(3)
        if how == f"refuses {request}":
            raise RuntimeError("size mismatch for model.encoder")
        if how == f"silent at {request}":
            time.sleep(60.0)
        if request == "hello":
            return {"protocol": 2 if how == "other protocol" else 1, "versions": {"lerobot": "0.0"}}, {}
        if request == "load":
            return {"device": values["device"] or "cpu"}, {}
        state = arrays["observation.state"]
        rows = np.repeat(state[-1:], min(16, values["steps"]), axis=0)
        rows[:, 0] += 0.001 * np.arange(len(rows))
        rows[:, -1] = arrays["observation.images.front"][-1, 0, 0, 0] / 10.0
        if how == "not finite":
            rows[3, 2] = np.nan
        if how == "too wide":
            rows = np.pad(rows, ((0, 0), (0, 1)))
        return {}, {} if how == "no actions" else {"actions": rows.astype(np.float32)}

    return answer


if __name__ == "__main__":
    sys.exit(answer_standard_streams(answer_as(sys.argv[1]), "stand-in"))
