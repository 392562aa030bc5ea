# SPDX-License-Identifier: Apache-2.0
"""Sentence after sentence over real DDS, in a namespace: a scripted policy says of each how far it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rig.nodes import NodeUnderTest, Operator
from std_msgs.msg import String
from std_srvs.srv import Trigger

from controllers.chunks.chunk import instruction_hash
from vla_ros import qos

NAMESPACE = "left"
POLICY = """
import numpy as np

from controllers.chunks.chunk import STATUS_CHANNEL, ActionChunk, TaskStatus, pose_channels
from controllers.rotations import from_matrix
from vla_ros.policies.needs import Needs


class Scripted:
    '''Moves up a little and is done after six chunks; of what is green it says that it is not there.'''

    needs = Needs(groups=("panda",))

    def __init__(self):
        self.count, self.explanation = 0, ""

    def reset(self):
        self.count = 0

    def infer(self, observation):
        self.count += 1
        words, T = observation.instruction, observation.commanded.arms["panda"].T_base_ee
        status = TaskStatus.TERMINATED if self.count > 6 and "hold" not in words else TaskStatus.ONGOING
        if "green" in words:
            status, self.explanation = TaskStatus.INVALID, "nothing green is in view"
        times = 0.1 * np.arange(1, 6)
        values = np.tile([*T[:3, 3], *from_matrix(T[:3, :3]), status.value], (5, 1))
        values[:, 2] += 0.02 * times
        return ActionChunk(observation.stamp, "panda_link0", (*pose_channels("panda"), STATUS_CHANNEL), times, values)
"""


class Station:
    """A person beside an arm that a policy moves: hears what is asked, says what is to be asked."""

    def __init__(self, operator: Operator, folder: Path) -> None:
        self.operator, self.folder = operator, folder
        self.heard: list[str] = []  # on `instruction`
        self.node: NodeUnderTest | None = None
        self._words = operator.node.create_publisher(String, "instruction", qos.LATCHED)
        self._hearing = operator.node.create_subscription(
            String, "instruction", lambda message: self.heard.append(message.data), qos.INSTRUCTIONS
        )
        self._skip = operator.node.create_client(Trigger, "instruction/skip")

    def ask(self, instruction: str, **parameters: object) -> NodeUnderTest:
        report = {"report": self.folder / "report.json", "run_directory": self.folder}
        self.node = NodeUnderTest("instruction", NAMESPACE, instruction=instruction, **report | parameters)
        return self.node

    def until(self, done: Callable[[], bool]) -> None:
        assert self.operator.spin_until(done, 60.0), (self.heard, self.operator.progress)

    def until_heard(self, sentence: str) -> None:
        self.until(lambda: bool(self.heard) and self.heard[-1] == sentence)

    def say(self, text: str) -> None:
        self._words.publish(String(data=text))

    def skip(self) -> Trigger.Response:
        future = self._skip.call_async(Trigger.Request())
        self.until(future.done)
        return future.result()

    def end(self) -> tuple[int, list[str], dict[str, Any]]:
        """Return exit code, log and report of a node that ends by itself."""
        self.until(lambda: self.node.process.poll() is not None)
        output, _ = self.node.process.communicate()
        return self.node.process.returncode, output.splitlines(), json.loads((self.folder / "report.json").read_text())

    def close(self) -> None:
        if self.node is not None:
            self.node.kill()
        self.operator.node.destroy_publisher(self._words)
        self.operator.node.destroy_subscription(self._hearing)
        self.operator.node.destroy_client(self._skip)


@pytest.fixture(scope="module")
def operator(tmp_path_factory) -> Iterator[Operator]:
    """Start a simulated arm whose truth nobody looks at, and a policy of one's own that moves it."""
    policy = tmp_path_factory.mktemp("policy") / "mine.py"
    policy.write_text(POLICY)
    parameters = {"sim": {"seed": 1}, "policy": {"policy": f"{policy}:Scripted", "use_sim_time": True}}
    nodes = [
        NodeUnderTest(name, NAMESPACE, **parameters.get(name, {"use_sim_time": True}))
        for name in ("sim", "state", "control", "policy")
    ]
    operator = Operator(NAMESPACE)
    try:
        assert operator.ready(), [(node.name, node.process.poll()) for node in nodes]
        assert operator.spin_until(lambda: operator.node.count_publishers("policy/action_chunk") == 2)
        yield operator
    finally:
        for node in nodes:
            node.kill()
        operator.close()


@pytest.fixture
def station(operator, tmp_path) -> Iterator[Station]:
    station = Station(operator, tmp_path)
    yield station
    station.close()


def test_each_sentence_that_is_done_is_followed_by_the_next(station):
    arm = station.operator
    assert arm.enable(False).success
    station.ask("lift the mug; lift the can")
    station.until_heard("lift the mug")
    arm.spin(2.0)
    assert station.heard == ["lift the mug"], "control is not enabled: nothing is done"
    arm.enable_at_rest()
    code, log, report = station.end()
    assert code == 0
    assert station.heard == ["lift the mug", "lift the can", ""]
    assert "1 of 2: lift the mug" in log
    assert any(line.startswith("nothing moves: control is not enabled (disabled") for line in log), log
    assert log[-3:] == ["done: 1 of 2: lift the mug", "2 of 2: lift the can", "done: 2 of 2: lift the can"]
    assert (report["success"], report["outcome"], report["failure"]) == (True, "success", "")
    assert [one["state"] for one in report["sentences"]] == ["done", "done"]
    assert json.loads((station.folder / "result.json").read_text()) == report
    assert arm.spin_until(lambda: not arm.progress.moving and arm.speed < 0.02)


def test_what_is_not_there_waits_for_a_person(station):
    arm = station.operator
    arm.enable_at_rest()
    station.ask("lift the mug; find the green cup; lift the can", status_chunks=4)
    station.until_heard("find the green cup")
    station.until_heard("")
    before = arm.T_base_ee
    arm.spin(3.0)
    assert station.heard == ["lift the mug", "find the green cup", ""]
    assert not arm.progress.moving
    assert np.abs(arm.T_base_ee - before).max() < 0.01
    answer = station.skip()
    assert (answer.success, answer.message) == (True, "2 of 3: find the green cup")
    code, log, report = station.end()
    assert code == 1
    assert station.heard[3:] == ["lift the can", ""]
    assert "refused: 2 of 3: find the green cup (nothing green is in view)" in log
    assert any(f"/{NAMESPACE}/instruction/skip" in line for line in log), log
    assert [one["state"] for one in report["sentences"]] == ["done", "refused", "done"]
    assert report["failure"] == "refused: find the green cup (nothing green is in view)"
    assert not report["success"]


def test_what_a_person_says_stands_for_the_sentence_that_counts_now(station):
    arm = station.operator
    arm.enable_at_rest()
    station.ask("hold still; lift the can")
    station.until_heard("hold still")
    station.say("lift it; ; now")  # which cannot be: the sentence before is said again
    station.until(lambda: station.heard[-2:] == ["lift it; ; now", "hold still"])
    station.say("hold the mug; find the green cup")
    station.until_heard("hold the mug")
    arm.transitions.clear()

    def late_is_refused() -> bool:  # sent again: on a starved machine it may be refused for its age first
        arm.send(replace(arm.chunk((0.0, 0.0, 0.1)), instruction=instruction_hash("hold still")))
        arm.spin(0.2)
        return any("another instruction" in one.message for one in arm.transitions)

    station.until(late_is_refused)
    assert station.skip().message == "2 of 4: hold the mug"
    station.until_heard("")
    station.say("")
    code, log, report = station.end()
    assert code == 1
    assert any("sentence 2 of 3 is empty: leave it out; going on as before" in line for line in log), log
    assert [(one["sentence"], one["state"]) for one in report["sentences"]] == [
        ("hold still", "replaced"), ("hold the mug", "skipped"), ("find the green cup", "refused"),
        ("lift the can", "skipped"),
    ]  # fmt: skip


def test_an_interrupt_takes_the_instruction_away_and_says_how_far_it_came(station):
    station.operator.enable_at_rest()
    station.ask("lift the mug; hold the can")
    station.until_heard("hold the can")
    code, output, _ = station.node.stop()
    assert code == 1
    assert "Traceback" not in output
    station.until_heard("")
    report = json.loads((station.folder / "report.json").read_text())
    assert (report["success"], report["outcome"], report["failure"]) == (False, "interrupted", "interrupted")
    assert [one["state"] for one in report["sentences"]] == ["done", "open"]


def test_what_is_interrupted_before_anybody_listens_says_nothing(station):
    heard = station.heard
    station.node = node = NodeUnderTest("instruction", "nobody", instruction="lift the mug")
    hearing = station.operator.node.create_subscription(
        String, "/nobody/instruction", lambda message: heard.append(message.data), qos.LATCHED
    )
    station.until(lambda: station.operator.node.count_publishers("/nobody/instruction") == 1)
    station.operator.spin(1.0)
    code, output, _ = node.stop()
    station.operator.spin(0.5)
    station.operator.node.destroy_subscription(hearing)
    assert code == 1
    assert heard == []
    assert output == "waiting for control (control/progress), a policy (policy/action_chunk)\n"


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"instruction": "lift a; ; lift c"}, "sentence 2 of 3 is empty"),
        ({"instruction": "lift a", "status_chunks": 0}, "status_chunks"),
        ({"instruction": "lift a", "report": "/nowhere/report.json"}, "the folder /nowhere does not exist"),
    ],
)
def test_bad_input_is_one_line(parameters, problem):
    node = NodeUnderTest("instruction", **parameters)
    output, _ = node.process.communicate(timeout=30.0)
    assert node.process.returncode == 2
    assert problem in output
    assert output.count("\n") == 1
