# SPDX-License-Identifier: Apache-2.0
"""Bad messages while the arm moves: chunks that must not be executed, joint states and clocks that lie.

The simulator, state, control and guard as in a job; the policy is played. Joint states pass a relay that can spoil
them on their way.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from rclpy.serialization import serialize_message
from rig.arm_observer import ArmObserver
from rig.nodes import Operator, start_arm
from rig.relay import JointStateRelay

from bench.fault_matrix.cell import Cell
from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk
from vla_ros import messages

IN_MOTION = "in motion"
UNDER_WAY = 0.1  # [rad/s] of the fastest joint
SHIFT, DURATION = (0.0, -0.18, -0.06), 2.0  # [m], [s] of the motion that is disturbed
REST_MAX_S = 0.5  # [s] where the fault ends the motion
REFUSED_WITHIN_S = 2.0  # [s] of wall time
SPOILT_S = 1.0  # [s] that joint states are spoilt for


def names() -> Iterator[tuple[str, str]]:
    """Yield the cells: fault and situation."""
    for fault in (*CHUNKS, *JOINT_STATES, *CLOCKS):
        yield fault, IN_MOTION


def run(fault: str, situation: str, limits: ArmLimits, model: ArmModel) -> Cell:
    """Start the nodes, move the arm, do what the fault is, see what becomes of the motion and of the next one."""
    cell = Cell(fault, situation)
    relayed = fault in JOINT_STATES
    remappings = {"joint_states": JointStateRelay.SOURCE} if relayed else {}
    nodes = start_arm(remappings)
    relay = JointStateRelay() if relayed else None
    # It looks at what the simulator says, not at what was made of it.
    arm, operator = ArmObserver(joint_states=JointStateRelay.SOURCE if relayed else "joint_states"), Operator()
    try:
        if not operator.ready() or not operator.enable().success:
            cell.problems.append("the nodes did not come up")
            return cell
        operator.spin_until(lambda: operator.progress.enabled)
        operator.send(operator.chunk(SHIFT, DURATION))
        # The simulator lets go of its own hold a moment after control was enabled.
        if not (operator.executed(5) and operator.spin_until(lambda: operator.speed > UNDER_WAY, 5.0)):
            cell.problems.append(f"does not move: {operator.progress.refused or operator.progress.hold_reason}")
            return cell
        arm.spin_until(lambda: bool(arm.stamps), 2.0)
        arm.forget()
        since = operator.stamp
        judge = CHUNKS.get(fault) or CLOCKS.get(fault) or JOINT_STATES[fault]
        judge(Scene(cell, operator, arm, relay, since))
        cell.judge_motion(arm, since, limits, model)
        _resume(cell, operator)
    finally:
        for node in nodes:
            node.kill()
        operator.close()
        arm.close()
        if relay is not None:
            relay.close()
    return cell


@dataclasses.dataclass
class Scene:
    """What a fault works on."""

    cell: Cell
    operator: Operator
    arm: ArmObserver
    relay: JointStateRelay | None
    since: float

    def watch(self, seconds: float) -> None:
        """Let the graph go on for so long in its own time, and look; a slow machine takes longer."""
        until, give_up = self.operator.stamp + seconds, time.monotonic() + 10.0 * seconds + 5.0
        heard = (self.operator.stamp, time.monotonic())
        while self.operator.stamp < until and time.monotonic() < give_up:
            self.operator.spin(0.03)
            self.arm.spin_until(lambda: False, 0.02)
            if self.operator.stamp != heard[0]:
                heard = (self.operator.stamp, time.monotonic())
            elif time.monotonic() - heard[1] > seconds:
                return  # its time stands still, or nobody says what time it is


def _resume(cell: Cell, operator: Operator) -> None:
    """Enable control again where it was stopped, and move: the job can go on."""
    try:
        operator.enable_at_rest()
    except AssertionError as error:
        cell.require(False, f"does not go on: {error}")
        return
    before = operator.T_base_ee[:3, 3].copy()
    operator.send(operator.chunk((0.0, 0.05, 0.05), 1.0))

    def way() -> float:
        return float(np.linalg.norm(operator.T_base_ee[:3, 3] - before))

    operator.spin_until(lambda: way() > 0.06, 10.0)  # [s] of wall time: a slow machine takes longer for a second
    moved = way()
    cell.require(moved > 0.05, f"does not go on: {operator.progress.refused or operator.progress.hold_reason}")


# -- chunks ----------------------------------------------------------------------------------------------------------
def _refused(words: str, make: Callable[[Operator], Any]) -> Callable[[Scene], None]:
    """Return a fault whose message must be refused in these words, and must not disturb the motion under way."""

    def judge(scene: Scene) -> None:
        scene.operator.chunks.publish(make(scene.operator))
        scene.operator.spin_until(lambda: words in scene.operator.progress.refused, REFUSED_WITHIN_S)
        reasons = scene.operator.progress.refused
        scene.cell.require(words in reasons, f"not refused as '{words}' but: '{reasons}'")
        scene.watch(2.0)
        hold = scene.operator.progress.hold_reason
        scene.cell.require(hold == "chunk exhausted", f"the motion under way ended with '{hold}'")
        scene.cell.outcome = f"refused: {reasons}; the motion went on to its end"

    return judge


def _spoilt(change: Callable[[Any], None]) -> Callable[[Operator], Any]:
    def make(operator: Operator) -> Any:
        message = messages.chunk_message(operator.chunk((0.1, 0.1, 0.0)))
        change(message)
        return message

    return make


def _changed(**fields: Any) -> Callable[[Operator], Any]:
    def make(operator: Operator) -> Any:
        chunk: ActionChunk = operator.chunk((0.05, 0.0, 0.0))
        values = {name: value(operator, chunk) for name, value in fields.items()}
        return messages.chunk_message(dataclasses.replace(chunk, **values))

    return make


def _set_nan(message: Any) -> None:
    message.points[4].positions[1] = float("nan")


def _clear_points(message: Any) -> None:
    message.points = []


def _set_foreign(message: Any) -> None:
    message.joint_names = [name.replace("panda/", "ur5/") for name in message.joint_names]


def _set_wrong_channel(message: Any) -> None:
    message.joint_names[0] = "panda/position.q"


def _repeat_points(message: Any) -> None:
    message.points = [*message.points] * 2000


def _cut(message: Any) -> bytes:
    """Return the first half of a message's bytes."""
    content = serialize_message(message)
    return content[: len(content) // 2]


def _far_away(operator: Operator, chunk: ActionChunk) -> np.ndarray:
    values = chunk.values.copy()
    values[:, 1] += np.linspace(0.0, 1.5, len(values))
    return values


CHUNKS: dict[str, Callable[[Scene], None]] = {
    "late chunk": _refused("s old", _changed(stamp=lambda operator, chunk: operator.stamp - 30.0)),
    "chunk from the future": _refused("in the future", _changed(stamp=lambda operator, chunk: operator.stamp + 30.0)),
    "duplicate chunk": _refused("received twice", lambda operator: messages.chunk_message(operator.sent)),
    "reordered chunk": _refused(
        "reordered",
        _changed(sequence=lambda operator, chunk: chunk.sequence - 2, stamp=lambda operator, chunk: chunk.stamp - 1.5),
    ),
    "chunk with NaN": _refused("not finite", _spoilt(_set_nan)),
    "empty chunk": _refused("empty", _spoilt(_clear_points)),
    "malformed chunk": _refused("no JointTrajectory", lambda operator: _cut(messages.chunk_message(operator.sent))),
    "huge chunk": _refused("bytes, allowed", _spoilt(_repeat_points)),
    "chunk of a foreign robot": _refused("ur5", _spoilt(_set_foreign)),
    "chunk in a foreign frame": _refused("frame", _changed(frame_id=lambda operator, chunk: "ur5_base")),
    "chunk with a wrong channel": _refused("no known quantity", _spoilt(_set_wrong_channel)),
    "chunk out of the workspace": _refused("outside the workspace", _changed(values=_far_away)),
    "chunk that jumps": _refused(
        "from the commanded pose", _changed(values=lambda operator, chunk: chunk.values + np.eye(7)[1] * 0.45)
    ),
}


# -- joint states ----------------------------------------------------------------------------------------------------
def _ends(words: str, spoil: str, rest_max: float = REST_MAX_S) -> Callable[[Scene], None]:
    """Return a fault of joint states that must bring the arm to rest, with these words as the reason."""

    def judge(scene: Scene) -> None:
        scene.relay.mode = spoil
        scene.watch(SPOILT_S)
        scene.relay.mode = "pass"
        scene.watch(0.5)
        told = [text for text in sorted(scene.arm.complaints) if words in text]
        scene.cell.require(bool(told), f"nobody says '{words}' but: {sorted(scene.arm.complaints)}")
        scene.cell.require(not scene.operator.progress.moving, "the arm goes on")
        rest = scene.arm.rest_began - scene.since
        scene.cell.require(rest <= rest_max, f"{rest:.2f} s until rest")
        scene.cell.outcome = told[0] if told else ""

    return judge


def _goes_on(spoil: str) -> Callable[[Scene], None]:
    """Return a fault of joint states that is none: the motion goes on."""

    def judge(scene: Scene) -> None:
        scene.relay.mode = spoil
        give_up = time.monotonic() + 8.0
        while scene.operator.progress.moving and time.monotonic() < give_up:
            scene.watch(0.2)
        hold = scene.operator.progress.hold_reason
        scene.cell.require(hold == "chunk exhausted", f"the motion ended with '{hold}'")
        scene.cell.outcome = "the motion went on to its end"

    return judge


JOINT_STATES: dict[str, Callable[[Scene], None]] = {
    "joint states stop": _ends("stale", "drop"),
    "joint states jump": _ends("jump", "jump", SPOILT_S + REST_MAX_S),  # they leap back as well
    "joint states lose a joint": _ends("stale", "lose"),
    "joint states with NaN": _ends("stale", "nan"),
    "joint states in another order": _goes_on("reorder"),
}


# -- clocks ----------------------------------------------------------------------------------------------------------
def _clock_step(seconds: float) -> Callable[[Scene], None]:
    """Return a fault in which somebody else publishes a time that is off by so much, for half a second."""

    def judge(scene: Scene) -> None:
        scene.operator.step_clock(seconds, 0.5)
        scene.watch(2.3)
        hold = scene.operator.progress.hold_reason
        scene.cell.require(hold != "" and not scene.operator.progress.moving, "the arm goes on")
        scene.cell.outcome = f"hold: {hold}"

    return judge


CLOCKS: dict[str, Callable[[Scene], None]] = {
    "clock 10 s ahead": _clock_step(10.0),
    "clock 10 s behind": _clock_step(-10.0),
}
