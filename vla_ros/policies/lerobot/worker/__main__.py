# SPDX-License-Identifier: Apache-2.0
"""Answer requests on standard input with frames on standard output, until the input ends: docs/lerobot.md."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from vla_ros.runtime.answering import answer_standard_streams
from vla_ros.runtime.frames import Frame

PROTOCOL = 1


class Server:
    """What requests do: hello, load, infer."""

    def __init__(self) -> None:
        self._policy: Any = None

    def answer(self, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Frame:
        """Carry out one request. Raises ValueError or KeyError for what it does not make sense of."""
        request = values["request"]
        if request == "hello":
            return {"protocol": PROTOCOL, "versions": {name: version(name) for name in ("lerobot", "torch")}}, {}
        if request == "load":
            from vla_ros.policies.lerobot.worker.loaded_policy import LoadedPolicy

            self._policy = LoadedPolicy(str(values["checkpoint"]), str(values["device"]))
            return {"device": self._policy.device}, {}
        if self._policy is None:
            raise ValueError(f"'{request}' before a checkpoint was loaded")
        if request == "infer":
            return {}, {"actions": self._policy.actions(arrays, str(values["task"]), int(values["steps"]))}
        raise ValueError(f"no request is called {request!r}")


if __name__ == "__main__":
    sys.exit(answer_standard_streams(Server().answer, "lerobot"))
