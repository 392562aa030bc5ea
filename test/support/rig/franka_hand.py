# SPDX-License-Identifier: Apache-2.0
"""A driver of a gripper as franka_gripper is one: the same names, rates and refusals, around a thing of given width.

python -m rig.franka_hand --ros-args -p thing:=0.04

As franka_gripper's source and its users have it: a goal's position is one finger's way; goals outside 0 to what homing
found are aborted; where the fingers are wider than the goal it grasps, else it moves; a grasp that ends further than
epsilon from its goal is aborted and presses nothing any more; so is one while it presses already; a new goal ends the
one that runs; cancelling stops. Beside that it says what nobody hears of the real one: `hand/truth`.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64, Float64MultiArray

from vla_ros.nodes.gripper.goal_runner import gripper_command
from vla_ros.nodes.parameters import declare
from vla_ros.nodes.spinning import StopRequest, run_node, steady_timer

STEP_S = 0.01
SAME_POSITION = 1e-4  # [m]


class FrankaHand(Node):
    """Fingers of limited speed, one motion at a time."""

    def __init__(self) -> None:
        super().__init__("franka_gripper")
        finger = declare(self, "finger", "fr3_finger_joint", "name of the joints, without their number")
        self._names = [f"{finger}1", f"{finger}2"]
        self._thing = declare(self, "thing", 0.04, "width of what is between the fingers [m]", 0.0, 0.08)
        self._epsilon = declare(self, "epsilon", 0.08, "of grasps [m]", 0.0, 1.0)
        self._max_width = declare(self, "max_width", 0.0797, "what homing found [m]; 0: it was not homed", 0.0, 0.1)
        self._speed = declare(self, "speed", 0.1, "of the opening [m/s]", 0.01, 1.0)
        self._stops = declare(self, "stops", True, "whether it stops when it is told to")
        self._width = declare(self, "width", 0.0797, "opening in the beginning [m]", 0.0, 0.1)
        self._force, self._counts = 0.0, {"grasps": 0, "moves": 0, "aborted": 0}
        self._motion = 0  # number of the newest
        self._lock = threading.Lock()
        group = ReentrantCallbackGroup()
        self._kind = gripper_command()
        ActionServer(
            self, self._kind, "franka_gripper/gripper_action", self._execute,
            cancel_callback=lambda goal: CancelResponse.ACCEPT, callback_group=group,
        )  # fmt: skip
        self.create_subscription(Float64, "hand/thing", self._on_thing, 1)
        self._states = self.create_publisher(JointState, "franka_gripper/joint_states", 1)
        self._truth = self.create_publisher(Float64MultiArray, "hand/truth", 10)
        steady_timer(self, 1.0 / 15.0, self._say)  # franka_gripper's rate unless it is told another

    def _on_thing(self, message: Float64) -> None:
        self._thing = message.data

    def _say(self) -> None:
        way = 0.5 * self._width
        message = JointState(name=self._names, position=[way, way], velocity=[0.0, 0.0], effort=[0.0, 0.0])
        message.header.stamp = self.get_clock().now().to_msg()
        self._states.publish(message)
        counts = [float(self._counts[name]) for name in ("grasps", "moves", "aborted")]
        self._truth.publish(Float64MultiArray(data=[self._width, self._force, *counts]))

    def _execute(self, goal: Any) -> Any:
        command, result = goal.request.command, self._kind.Result()
        target, current = 2.0 * command.position, self._width
        if target > self._max_width or target < 0.0:
            return self._abort(goal, result)
        if abs(target - current) < SAME_POSITION:
            result.position, result.reached_goal = current, True
            goal.succeed()
            return result
        with self._lock:
            self._motion += 1
            motion = self._motion
        grasp = target < current
        self._counts["grasps" if grasp else "moves"] += 1
        if grasp and self._force > 0.0:
            return self._abort(goal, result)
        self._force = 0.0
        reached = self._move(goal, motion, target)
        if reached is None:
            result.position = self._width
            goal.canceled()
            return result
        if grasp and reached:
            reached = -self._epsilon < self._width - target < self._epsilon
            self._force = command.max_effort if reached and self._width == self._thing > 0.0 else 0.0
        result.position, result.reached_goal = self._width, reached
        if not reached:
            return self._abort(goal, result)
        goal.succeed()
        return result

    def _abort(self, goal: Any, result: Any) -> Any:
        self._counts["aborted"] += 1
        goal.abort()
        return result

    def _move(self, goal: Any, motion: int, target: float) -> bool | None:
        """Go to a width; return whether nothing came between, None when cancelled."""
        while self._motion == motion:
            if goal.is_cancel_requested and self._stops:
                return None
            step = self._speed * STEP_S
            if target < self._width:
                least = max(target, self._thing if self._width >= self._thing else 0.0)
                self._width = max(self._width - step, least)
                if self._width == least:
                    return True
            else:
                self._width = min(self._width + step, target)
                if self._width == target:
                    return True
            time.sleep(STEP_S)
        return False


def serve(stop: StopRequest) -> None:
    """Execute goals side by side, as franka_gripper does."""
    executor = MultiThreadedExecutor(4)
    executor.add_node(FrankaHand())
    while not stop:
        executor.spin_once(timeout_sec=0.1)
    executor.shutdown(timeout_sec=0.5)


def main() -> int:
    """Run the node."""
    return run_node("franka_hand", serve)


if __name__ == "__main__":
    raise SystemExit(main())
