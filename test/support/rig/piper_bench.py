# SPDX-License-Identifier: Apache-2.0
"""What two PiPERs behind `sdk_node` cost, and how late they hear: nodes in processes of their own, simulated arms.

PYTHONPATH=.:test/support .venv/bin/python -P -m rig.piper_bench [Hz of control]
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from rig.group_chunk import group_chunk
from rig.nodes import NodeUnderTest, Operator
from rig.running_graph import running_graph
from rig.simulated_piper import SimulatedPiper, piper_robot
from vla_ros import qos
from vla_ros.launching.environment import free_domain

SIDES = ("left", "right")
SECONDS, COMMANDS = 6.0, 200
MOTION = {"left": np.array([0.06, 0.0, 0.05]), "right": np.array([0.06, 0.02, 0.0])}  # [m]


def measure(operator: Operator, processes: dict[str, psutil.Process], what: str) -> None:
    """Print the processor time of each process, and the rate and age of joint states, over SECONDS."""
    stamps: list[float] = []
    ages: list[float] = []

    def take(message: JointState) -> None:
        stamps.append(message.header.stamp.sec + message.header.stamp.nanosec * 1e-9)
        ages.append(time.time() - stamps[-1])

    heard = operator.node.create_subscription(JointState, "joint_states", take, qos.STREAM)
    spent = {name: sum(process.cpu_times()[:2]) for name, process in processes.items()}
    began = time.monotonic()
    operator.spin(SECONDS)
    took = time.monotonic() - began
    operator.node.destroy_subscription(heard)
    shares = (
        f"{name} {(sum(process.cpu_times()[:2]) - spent[name]) / took:.0%}" for name, process in processes.items()
    )
    gap, (median, late) = np.diff(stamps).max(), np.quantile(ages, (0.5, 0.99))
    print(
        f"{what}: processor {', '.join(shares)}; joint states {len(stamps) / took:.0f} Hz, at most {gap * 1e3:.0f} ms "
        f"apart, {median * 1e3:.1f} ms old, p99 {late * 1e3:.1f} ms; {operator.progress.hold_reason or 'moving'}",
        flush=True,
    )


def latency(operator: Operator, arm: SimulatedPiper) -> None:
    """Print how long after a command was published the left arm had all of it."""
    commands = operator.node.create_publisher(Float64MultiArray, "left_position_controller/commands", qos.STREAM)
    assert operator.spin_until(lambda: commands.get_subscription_count() > 0)
    operator.spin(0.5)
    position, late = np.array(operator.joints.position[:6]), []
    for number in range(COMMANDS):
        position[0] += 1e-4 * (-1) ** number
        targets, sent = arm.report["targets"], time.time()
        commands.publish(Float64MultiArray(data=position.tolist()))
        while (report := arm.report)["targets"] < targets + 3:
            pass
        late.append(report["aimed"] - sent)
        operator.spin(0.012)
    operator.node.destroy_publisher(commands)
    median, slow = np.quantile(late, (0.5, 0.95)) * 1e3
    print(f"command to arm: {median:.2f} ms, p95 {slow:.2f}, most {max(late) * 1e3:.2f}, n {len(late)}", flush=True)
    operator.spin(0.3)


def main() -> int:
    """Measure with control at the rate given [Hz]."""
    os.environ |= {"ROS_DOMAIN_ID": str(free_domain()), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    rate = float(sys.argv[1]) if len(sys.argv) > 1 else 500.0
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        arms = {side: SimulatedPiper(folder / side, sag=0.02) for side in SIDES}
        for arm in arms.values():
            running.callback(arm.kill)
        robot = piper_robot(folder, arms)
        nodes = {name: NodeUnderTest(name, robot=robot) for name in ("sdk", "state")}
        nodes["control"] = NodeUnderTest("control", robot=robot, hold="none", rate_hz=rate)
        nodes["guard"] = NodeUnderTest("guard", robot=robot, hold="none")
        operator = running.enter_context(running_graph(nodes, robot)).operator
        with contextlib.suppress(PermissionError):  # as punctual as what it measures
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        processes = {name: psutil.Process(node.process.pid) for name, node in nodes.items()}
        print(f"control at {rate:g} Hz, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        measure(operator, processes, "disabled")
        latency(operator, arms["left"])
        operator.enable_at_rest()
        before, began = arms["left"].report["heard"]["157"], time.monotonic()
        operator.send(group_chunk(operator, MOTION, {"left_gripper/width": 0.02}, SECONDS - 1.0))
        measure(operator, processes, "driven")
        heard = (arms["left"].report["heard"]["157"] - before) / (time.monotonic() - began)
        print(f"targets the left arm hears: {heard:.0f} Hz")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
