# SPDX-License-Identifier: Apache-2.0
"""Say what is to be done where no simulator judges: sentence by sentence, as far as the policy says that each is done.

Exit code 0 when all were done, 1 when not. It enables nothing and moves nothing: a person enables control.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.duration import Duration
from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from controllers.chunks.chunk import TaskStatus
from controllers.chunks.splicing import leading_ongoing
from controllers.errors import ConfigError
from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import ControlProgress, control_progress
from vla_ros.nodes.instruction.sequence import ENOUGH, InstructionSequence
from vla_ros.nodes.parameters import declare
from vla_ros.nodes.policy.inference_diagnostics import EXPLANATION, POLICY
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node
from vla_ros.output_file import check_output, write_output

TOLD_EVERY_S = 10.0  # [s] while something is missing, or a person must decide
REST_S = 2.0  # [s] that the arm may take to come to rest at the end
HEARD_WITHIN_S = 0.5  # [s] in which everybody has heard that there is no instruction any more


class InstructionNode(Node):
    """Own the topic `instruction`; hear what the policy says of it, and what a person does."""

    def __init__(self) -> None:
        super().__init__("instruction_node")
        text = declare(self, "instruction", "", "what to do, in words; several sentences with '; ' between them")
        enough = declare(
            self, "status_chunks", ENOUGH, "chunks in a row that say that a sentence is done, or not there", 1, 100
        )
        self.sequence = InstructionSequence(text, enough)
        self.report = declare(self, "report", "", "file for the result as JSON, beside the one in the run folder")
        check_output("report:=", self.report)
        self.directory = declare(self, "run_directory", "", "folder for the result; empty: none")
        self.progress: ControlProgress | None = None  # what control said last
        self._told: tuple[str, float] = ("", 0.0)  # what a person was told last, when [s, monotonic]
        self._own: deque[str] = deque()  # what this node said and has not heard yet
        self._said: str | None = None
        self._publisher = self.create_publisher(String, "instruction", qos.LATCHED)
        self.create_subscription(String, "instruction", self._on_instruction, qos.INSTRUCTIONS)
        self.create_subscription(JointTrajectory, "policy/action_chunk", self._on_chunk, qos.EVENTS)
        self.create_subscription(DiagnosticStatus, "control/progress", self._on_progress, qos.NEWEST)
        self.create_subscription(DiagnosticArray, "diagnostics", self._on_diagnostics, qos.EVENTS)
        self.create_service(Trigger, "instruction/skip", self._on_skip)

    # -- what arrives ------------------------------------------------------------------------------------------------
    def _on_chunk(self, message: JointTrajectory) -> None:
        if self.progress is None or not self.progress.follows:
            return  # what nobody executes has done nothing
        chunk = messages.chunk_from(message)
        if not chunk.instruction and self.sequence.instruction:
            self.tell("the policy reads no instruction: it cannot say which sentence is done")
        moves, status = leading_ongoing(chunk)  # what ends within a chunk is done once its motion is
        self.sequence.note_chunk(chunk.instruction, TaskStatus.ONGOING if moves else status)

    def _on_progress(self, message: DiagnosticStatus) -> None:
        self.progress = control_progress(message.message, messages.diagnostic_values(message))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == POLICY:
                self.sequence.explain(messages.diagnostic_values(status).get(EXPLANATION, ""))

    def _on_instruction(self, message: String) -> None:
        if message.data in self._own:
            while self._own.popleft() != message.data:
                pass
            return
        if self._said is None:
            return  # latched by somebody before this began
        try:
            self.sequence.say(message.data)
        except ConfigError as error:
            print(f"{error}; going on as before", flush=True)
        self._publish(self.sequence.instruction)  # the last word, for whoever comes later

    def _on_skip(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.message = self.sequence.skip() or "nothing is left to skip"
        response.success = response.message != "nothing is left to skip"
        return response

    # -- what is said ------------------------------------------------------------------------------------------------
    def missing(self) -> str:
        """Say what this waits for; "" where the first sentence can be said."""
        wanted = {
            "control (control/progress)": self.progress is not None,
            "a policy (policy/action_chunk)": self.count_publishers("policy/action_chunk") > 0,
        }
        return ", ".join(name for name, there in wanted.items() if not there)

    def update(self) -> None:
        """Say what has changed, on the topic and in the log."""
        for event in self.sequence.take_events():
            print(event, flush=True)
        if self.sequence.instruction != self._said:
            self._publish(self.sequence.instruction)
        if self.sequence.waits:
            name = self.resolve_service_name("instruction/skip")
            topic = self.resolve_topic_name("instruction")
            self.tell(f"the arm holds until a person decides: call {name}, or say a sentence on {topic}")
        elif self.progress is not None and not self.progress.follows:
            self.tell(f"nothing moves: control is not enabled ({self.progress.held or self.progress.hold_reason})")
        elif self.progress is not None and self.progress.refused and not self.progress.moving:
            self.tell(f"nothing moves: chunks are refused: {self.progress.refused}")

    def tell(self, text: str) -> None:
        """Print a line, and the same again only after a while."""
        now = time.monotonic()
        if text != self._told[0] or now - self._told[1] >= TOLD_EVERY_S:
            self._told = (text, now)
            print(text, flush=True)

    def close(self) -> None:
        """Take the instruction away, so that whoever goes on without this node does nothing."""
        if self._said:
            self._publish("")
        self._publisher.wait_for_all_acked(Duration(seconds=HEARD_WITHIN_S))

    def _publish(self, sentence: str) -> None:
        self._said = sentence
        self._own.append(sentence)
        self._publisher.publish(String(data=sentence))


def _run(node: InstructionNode, spinner: Spinner) -> None:
    """Wait for control and policy, go through the sentences, wait for the arm to rest."""
    while not spinner.stop and (missing := node.missing()):
        spinner.once()
        node.tell(f"waiting for {missing}")
    while not spinner.stop and not node.sequence.finished:
        node.update()
        spinner.once()
    if spinner.stop:
        return
    node.update()
    end = time.monotonic() + REST_S
    spinner.until(lambda: node.progress is None or not node.progress.moving or time.monotonic() > end)


def _result(sequence: InstructionSequence, started: float) -> dict[str, Any]:
    """Return the report: how it ended, and what became of each sentence."""
    results = sequence.results
    left = next((one for one in results if one.reason), None)
    outcome = "success" if sequence.success else "not done" if sequence.finished else "interrupted"
    failure = f"{left.state.value}: {left.sentence} ({left.reason})" if left is not None else outcome
    return {
        "success": sequence.success,
        "outcome": outcome,
        "failure": "" if sequence.success else failure,
        "sentences": [one.values() for one in results],
        "duration_s": round(time.time() - started, 3),
    }


def serve(stop: StopRequest) -> int:
    """Go through the sentences, then report."""
    started = float(os.environ.get("VLA_STARTED_AT", time.time()))
    node = InstructionNode()
    try:
        _run(node, Spinner(node, stop))
    finally:
        node.close()
        text = json.dumps(_result(node.sequence, started), indent=2, ensure_ascii=False) + "\n"
        if node.directory:
            write_output("", Path(node.directory) / "result.json", text)
        if node.report:
            write_output("report:=", node.report, text)
    return 0 if node.sequence.success else 1


def main() -> int:
    """Run the node."""
    return run_node("instruction", serve)


if __name__ == "__main__":
    raise SystemExit(main())
