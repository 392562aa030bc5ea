# SPDX-License-Identifier: Apache-2.0
"""Single actions of a contract, as LeRobot sends them, to short chunks: where to be a period later, then stay.

Shape legend: D numbers of an action, A anchor channels, C absolute channels (contract.action.channels), J its joints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from controllers.chunks.chunk import ActionChunk
from controllers.errors import VlaError
from vla_ros.policies.actions.codec import ActionCodec, state_values
from vla_ros.policies.actions.encoding import ActionEncoding
from vla_ros.policies.contract import DataContract
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import Embodiment

HOLD_PERIODS = 3  # of a chunk: one to get there, and two in which the next action may be late
AGREE_RAD = 0.15  # of every joint, at which the arm has come to what is asked for
APPROACH_SPEED = 0.2  # [rad/s] of a joint until then
SPEED_SHARE = 0.6  # of the joints' limits, afterwards
LIMIT_MARGIN = 0.01  # [rad] that a joint stays within its limits


@dataclass(frozen=True)
class _Said:
    stamp: float
    instruction: str = ""  # none: what a person asks for with words does not bind LeRobot


class ActionSteps:
    """One run of actions. A joint that is asked to be elsewhere goes there slowly first, as behind a leader arm."""

    def __init__(self, contract: DataContract, robot: Embodiment) -> None:
        self._contract, self._mobile = contract, robot.base is not None
        self.encoding = ActionEncoding(contract.action, contract.quaternion_side)
        self._codec = ActionCodec(contract.action, robot.base_frame, contract.period)
        limits = {
            joint: (low, high, speed)
            for group in robot.driven_groups
            for joint, low, high, speed in zip(group.joints, group.lower, group.upper, group.velocity, strict=True)
        }
        columns = [contract.action.channels.index(f"{joint}/position") for joint in contract.action.joints]
        self._joints = np.array(columns, dtype=int)  # (J,) among the channels
        own = np.array([limits[joint] for joint in contract.action.joints]).reshape(-1, 3)
        self._lower, self._upper = own[:, 0] + LIMIT_MARGIN, own[:, 1] - LIMIT_MARGIN
        self._speed = own[:, 2] * SPEED_SHARE
        widths = [f"{name}/width" for name in contract.action.grippers]
        self._widths = np.array([contract.action.channels.index(width) for width in widths], dtype=int)
        self._width_max = np.array([robot.gripper(name).width_max for name in contract.action.grippers])
        self.reset()

    def reset(self) -> None:
        """Begin anew: the arm is where it is."""
        self._setpoint: np.ndarray | None = None  # (J,) that was sent last
        self._stamp, self._met, self._sequence = 0.0, False, 0

    @property
    def approaching(self) -> bool:
        """Say whether the arm still comes to what is asked for."""
        return self._setpoint is not None and not self._met

    def step(self, action: np.ndarray, observation: Observation, stamp: float) -> tuple[ActionChunk, np.ndarray]:
        """Return the chunk that is to be sent at `stamp` [s] for an action (D,), and the action that it amounts to.

        Raises VlaError for an action of another size, or with a number that is not finite.
        """
        action = np.asarray(action, dtype=np.float64)
        if action.shape != (self.encoding.size,) or not np.isfinite(action).all():
            raise VlaError(f"an action is {self.encoding.size} finite numbers, got {np.array2string(action)[:200]}")
        anchor, reference = self._codec.anchor(observation), self.encoding.stored_reference
        try:
            with np.errstate(invalid="ignore"):  # a rotation of zeros is none
                targets = self.encoding.decode(action[None], anchor, reference)
        except ValueError as error:
            raise VlaError(f"an action has no rotation ({error}): {np.array2string(action)[:200]}") from None
        targets[0, self._widths] = np.clip(targets[0, self._widths], 0.0, self._width_max)
        targets[0, self._joints] = self._paced(targets[0, self._joints], observation, stamp)
        self._sequence += 1
        rows = np.repeat(targets, HOLD_PERIODS, axis=0)
        chunk = self._codec.chunk_of_targets(_Said(stamp), rows, sequence=self._sequence)
        return chunk, self.encoding.encode(targets, anchor, reference)[0]

    def row(self, known: Mapping[str, float], observation: Observation) -> np.ndarray:
        """Return what is known of the channels, by name, as an action (D,). Raises VlaError for one that is not."""
        channels = self._contract.action.channels
        for channel in channels:
            if channel not in known:
                raise VlaError(f"nothing is known of channel '{channel}': {', '.join(sorted(known))[:200]}")
        targets = np.array([[known[channel] for channel in channels]])
        return self.encoding.encode(targets, self._codec.anchor(observation), self.encoding.stored_reference)[0]

    def _paced(self, asked: np.ndarray, observation: Observation, stamp: float) -> np.ndarray:
        """Return joints (J,) that are within their limits and no faster than allowed from the last ones."""
        if not len(asked):
            return asked
        channels = tuple(f"{joint}/position" for joint in self._contract.action.joints)
        period = self._contract.period
        if self._setpoint is None or not 0.0 <= stamp - self._stamp <= HOLD_PERIODS * period:
            self._setpoint, self._stamp = state_values(observation.state, channels), stamp - period
        goal = np.clip(asked, self._lower, self._upper)
        self._met = self._met or float(np.abs(goal - self._setpoint).max()) <= AGREE_RAD
        speed = self._speed if self._met else np.minimum(self._speed, APPROACH_SPEED)
        reach = speed * min(stamp - self._stamp, period)
        self._setpoint = self._setpoint + np.clip(goal - self._setpoint, -reach, reach)
        self._stamp = stamp
        return self._setpoint
