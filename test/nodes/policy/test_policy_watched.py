# SPDX-License-Identifier: Apache-2.0
"""A failure detector around the policy node's policy, over real DDS: it says what it thinks, and waits for a person."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from diagnostic_msgs.msg import DiagnosticStatus
from policy_making.policy_world import PolicyWorld, ScriptedPolicy
from policy_making.synthetic_rollouts import SIZE, rollout
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from controllers.chunks.chunk import ActionChunk
from vla_ros import messages, qos
from vla_ros.failure_detection.detector import save_detector
from vla_ros.failure_detection.tasks import HoldOut
from vla_ros.failure_detection.training import TrainingConfig, train_detector
from vla_ros.policies.capabilities.failure_score import ACTING, WAITING
from vla_ros.policies.observation import Observation

USUAL = 6  # steps that successes take: an episode of more is an alarm by the clock


class Thinking(ScriptedPolicy):
    """A scripted policy with features."""

    features = np.zeros(SIZE, np.float32)

    def infer(self, observation: Observation) -> ActionChunk:
        self.features = np.full(SIZE, observation.stamp, np.float32)
        return super().infer(observation)


class Watched(PolicyWorld):
    """The node with a detector that knows the time alone."""

    def __init__(self, detector: Path) -> None:
        super().__init__(
            Thinking(), (f"detector:={detector}", "alarm_score:=time", "alarm_alpha:=0.2", "on_alarm:=pause")
        )
        self.said: list[dict[str, str]] = []
        self.node.create_subscription(DiagnosticStatus, "policy/failure_score", self._on_score, qos.LATCHED)
        self.estop = self.node.create_publisher(Bool, "estop", qos.LATCHED)
        self.resume = self.node.create_client(Trigger, "policy/resume")

    def _on_score(self, message: DiagnosticStatus) -> None:
        self.said.append(messages.diagnostic_values(message) | {"message": message.message, "level": message.level})

    @property
    def doing(self) -> str:
        return self.said[-1]["doing"] if self.said else ""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    rng = np.random.default_rng(0)
    rollouts = [
        rollout(rng.normal(size=(USUAL if number % 2 else 12, SIZE)), number, bool(number % 2), set_name=set_name)
        for set_name in ("basic", "other")
        for number in range(60)
    ]
    detector, _ = train_detector(rollouts, HoldOut("set", ("other",)), TrainingConfig(hidden=4, epochs=1))
    folder = tmp_path_factory.mktemp("detector") / "clock"
    save_detector(folder, detector)
    world = Watched(folder)
    yield world
    world.close()


def until_it_waits(world: Watched) -> None:
    world.said.clear()
    assert world.expose_until(lambda: world.doing == WAITING), world.said[-1:]
    asked = len(world.policy.seen)
    chunks = len(world.chunks)
    assert world.expose_until(lambda: len(world.chunks) >= chunks + 3)  # it goes on to hold
    assert len(world.policy.seen) == asked


def test_it_says_what_it_thinks_and_waits_at_an_alarm(world):
    world.say("pick up the red mug")
    assert world.expose_until(lambda: world.doing == ACTING)
    first = world.said[0]
    assert (first["name"], first["alarm"], first["alarms"], first["level"]) == ("time", "false", "0", messages.OK)
    until_it_waits(world)
    last = world.said[-1]
    assert (last["alarm"], last["alarms"], last["level"]) == ("true", "1", messages.WARN)
    assert float(last["score"]) > float(last["limit"])
    assert "looks like a failure" in last["message"]
    held = world.chunks[-1]
    np.testing.assert_array_equal(held.values[0], held.values[-1])
    assert held.status.name == "ONGOING"


def test_a_person_lets_it_go_on(world):
    world.say("pick up the blue can")
    until_it_waits(world)
    assert world.spin_until(world.resume.service_is_ready)
    resets = world.policy.resets
    future = world.resume.call_async(Trigger.Request())
    assert world.spin_until(future.done)
    assert (future.result().success, future.result().message) == (True, "another attempt begins")
    assert world.expose_until(lambda: world.doing == ACTING)
    assert world.policy.resets == resets + 1
    future = world.resume.call_async(Trigger.Request())
    assert world.spin_until(future.done)
    assert (future.result().success, future.result().message) == (False, "the policy waits for nobody")


def test_recovering_from_an_emergency_stop_lets_it_go_on_and_the_stop_does_not(world):
    world.say("pick up the green bowl")
    until_it_waits(world)
    world.estop.publish(Bool(data=True))
    count = len(world.said)
    assert world.expose_until(lambda: len(world.said) > count + 3)
    assert world.doing == WAITING
    world.estop.publish(Bool(data=False))
    assert world.expose_until(lambda: world.doing == ACTING)


def test_nothing_waits_any_more_when_there_is_nothing_to_do(world):
    world.say("pick up the yellow cup")
    until_it_waits(world)
    world.say("")
    assert world.spin_until(lambda: world.doing == ACTING)
    count = len(world.said)
    assert not world.expose_until(lambda: len(world.said) > count, 1.0)
