# SPDX-License-Identifier: Apache-2.0
"""What the policy node says of its inferences: how many, how long, what failed, what it waits for."""

from __future__ import annotations

from vla_ros import messages
from vla_ros.nodes.managed import ManagedNode
from vla_ros.nodes.policy.inference_worker import InferenceWorker
from vla_ros.nodes.policy.latency import Latency

POLICY = "policy"  # name of the status
OVERDUE_S = 1.0  # [s] of an inference under way after which somebody may wonder why the arm stands
EXPLANATION = "explanation"  # key of its values: why the newest chunk is invalid


class InferenceDiagnostics:
    """Count failures and publish diagnostics; a failure or a silence is logged once."""

    def __init__(self, node: ManagedNode) -> None:
        """Publish as `node`."""
        self._node, self.latency = node, Latency()
        self.failure, self._failures = "", 0  # the newest; all
        self._explanation = ""
        self._overdue = False  # as was last published
        self._silent = ""  # which cameras, as was last said

    def succeeded(self, explanation: str = "") -> None:
        """Note that there is a chunk, and why it is invalid where it is; from any thread."""
        self.failure, self._explanation = "", explanation

    def failed(self, reason: str) -> None:
        """Note that there is none, and why; from any thread."""
        self._failures += 1
        if reason != self.failure:
            self._node.get_logger().error(f"no chunk: {reason}")
        self.failure = reason

    def became_overdue(self, worker: InferenceWorker) -> bool:
        """Say whether the inference under way takes long, and that is not published yet."""
        return worker.busy_s > OVERDUE_S and not self._overdue

    def publish(self, worker: InferenceWorker, silent: str, instruction: str) -> None:
        """Publish them; `silent` says which cameras are waited for, "" that none is."""
        values = {
            "chunks": str(worker.count),
            "failures": str(self._failures),
            "inference_ms": f"{1e3 * worker.seconds:.1f}",
            "busy": str(worker.busy).lower(),
            EXPLANATION: self._explanation,
            **self.latency.values(),
        }
        if silent and silent != self._silent:
            self._node.get_logger().warning(silent)
        self._silent = silent
        busy_s = worker.busy_s
        self._overdue = busy_s > OVERDUE_S
        overdue = f"inference takes {busy_s:.1f} s so far: the arm is held when its chunk ends" if self._overdue else ""
        level = messages.ERROR if self.failure else messages.WARN if overdue or silent else messages.OK
        text = self.failure or overdue or silent or worker.waiting_for or instruction or "waiting for an instruction"
        self._node.diagnose(level, text, values, POLICY)
