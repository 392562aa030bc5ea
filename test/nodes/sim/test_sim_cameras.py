# SPDX-License-Identifier: Apache-2.0
"""The simulated world waits for its pictures: none is lost to a slow renderer, and a dead one freezes nothing."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from rig.nodes import NodeUnderTest, Operator
from sensor_msgs.msg import Image

from vla_ros import messages, qos
from vla_ros.data.conversion.bag_to_dataset import ConversionSettings
from vla_ros.data.conversion.convert import convert_bags
from vla_ros.nodes.recorder.report import LACKING, RECORDER
from vla_ros.nodes.sim.exposures import IN_FLIGHT_MAX, Exposures
from vla_ros.nodes.sim_node import PICTURE_PATIENCE
from vla_ros.policies.contract import load_contract

PERIOD = 0.1  # [s] of simulated time between two exposures
SLOW = 0.3  # [s] that the pictures of an exposure take


# -- bookkeeping -------------------------------------------------------------------------------------------------------
def test_nobody_is_waited_for_who_never_answered() -> None:
    exposures = Exposures()
    for k in range(5):
        exposures.expose(0.1 * k)
        assert not exposures.full
    exposures.drawn(0.1)  # late, but from now on somebody draws: what is under way will be answered
    assert exposures.full
    exposures.drawn(0.4)
    for k in range(5, 5 + IN_FLIGHT_MAX):
        assert not exposures.full
        exposures.expose(0.1 * k)
    assert exposures.full
    exposures.drawn(0.5)
    assert not exposures.full


def test_answers_for_what_was_forgotten_count_for_nothing() -> None:
    exposures = Exposures()
    exposures.expose(0.1)
    exposures.drawn(0.1)
    exposures.expose(0.2)
    exposures.forget()  # as at a reset
    exposures.expose(1.5)
    exposures.drawn(0.2)
    assert not exposures.attended
    exposures.drawn(1.5)
    assert exposures.attended


# -- nodes -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def nodes() -> Iterator[dict[str, NodeUnderTest]]:
    nodes = {
        "sim": NodeUnderTest("sim", seed=1),
        "camera": NodeUnderTest("camera", module="rig.slow_cameras", seed=1, exposure_s=SLOW, use_sim_time=True),
    }
    nodes |= {name: NodeUnderTest(name, use_sim_time=True) for name in ("state", "control", "guard")}
    yield nodes
    for node in nodes.values():
        node.kill()


@pytest.fixture
def operator() -> Iterator[Operator]:
    operator = Operator()
    yield operator
    operator.close()


def said(operator: Operator) -> str:
    """Return what the simulator last said of itself."""
    return operator.diagnostics.get("sim", {}).get("message", "")


def test_a_slow_renderer_costs_time_and_no_picture_and_a_dead_one_freezes_nothing(
    nodes: dict[str, NodeUnderTest], operator: Operator, tmp_path: Path
) -> None:
    stamps: list[float] = []
    operator.node.create_subscription(
        Image, "cameras/side/color/image_raw", lambda m: stamps.append(messages.seconds(m.header.stamp)), qos.IMAGES
    )
    assert operator.ready(), {name: node.process.poll() for name, node in nodes.items()}
    bag = tmp_path / "bag"
    nodes["recorder"] = NodeUnderTest("recorder", directory=bag, images="jpeg", contract="franka_grasp")
    recorded = "cameras/front/color/image_raw"
    assert operator.spin_until(lambda: operator.node.count_subscribers(recorded) > 0 and stamps, 90.0)
    operator.enable_at_rest()
    # It hears a node whenever discovery finds it; what moves before that is not in the bag.
    assert operator.spin_until(lambda: operator.diagnostics.get(RECORDER, {}).get(LACKING) == "", 30.0)
    first = len(stamps)
    operator.send(operator.chunk((0.0, 0.05, -0.03), duration=1.0))
    assert operator.spin_until(lambda: len(stamps) >= first + 15, 60.0)
    # From the very first picture on none is missing, though each takes as long as three exposures are apart.
    np.testing.assert_allclose(np.diff(stamps), PERIOD, atol=1e-6)
    assert float(operator.diagnostics["sim"]["waited_for_cameras_s"]) > 1.0
    # Control stood with the world, and neither it nor the guard took that for a fault.
    assert operator.progress.hold_reason == "chunk exhausted"
    assert operator.progress.enabled
    # What was recorded is converted as it is.
    code, output, _ = nodes["recorder"].stop()
    assert code == 0, output
    contract = load_contract("franka_grasp")
    report = convert_bags([bag], tmp_path / "dataset", ConversionSettings(contract, task="move"))
    assert report.episodes == 1, report
    assert report.frames > 10
    # Cameras that die hold nothing up; the e-stop is heard as ever.
    nodes["camera"].process.send_signal(signal.SIGSTOP)
    stopped, stopped_at = time.monotonic(), operator.stamp
    operator.set_estop(True)
    assert operator.spin_until(lambda: operator.progress.estop, 30.0)
    assert operator.spin_until(lambda: operator.stamp > stopped_at + 0.5, 30.0)
    assert time.monotonic() - stopped < PICTURE_PATIENCE
    assert operator.spin_until(lambda: "cameras have gone" in said(operator), 30.0)
    # And are waited for again once they are back.
    nodes["camera"].process.send_signal(signal.SIGCONT)
    assert operator.spin_until(lambda: "simulated seconds" in said(operator), 30.0)


def test_cameras_that_live_and_draw_nothing_are_waited_for_once(operator: Operator) -> None:
    sim = NodeUnderTest("sim", seed=1)
    drawn = operator.node.create_publisher(Time, "sim/drawn", qos.DRAWN)
    try:
        assert operator.spin_until(lambda: drawn.get_subscription_count() > 0 and operator.stamp > 0.0, 90.0)
        operator.spin(1.0)
        drawn.publish(messages.stamp(operator.stamp))  # as of a picture; no other will follow
        assert operator.spin_until(lambda: "no picture for 3 s" in said(operator), 30.0)
        waited = float(operator.diagnostics["sim"]["waited_for_cameras_s"])
        assert waited == pytest.approx(PICTURE_PATIENCE, abs=0.3)
        began = operator.stamp
        assert operator.spin_until(lambda: operator.stamp > began + 1.0)
        code, output, _ = sim.stop()
        assert code == 0
        assert "no picture for 3 s: the world goes on, and frames are missing" in output
    finally:
        sim.kill()
