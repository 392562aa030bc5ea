# SPDX-License-Identifier: Apache-2.0
"""A policy that a server of others computes, by a contract that says what its numbers mean.

Shape legend: H actions, N joints.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from PIL import Image

from controllers.chunks.chunk import ActionChunk
from controllers.errors import VlaError
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.observation import Observation
from vla_ros.policies.remote.connection import Connection
from vla_ros.policies.remote.message_pack import MessageError, pack
from vla_ros.policies.remote.server_contract import SentPicture, ServerContract
from vla_ros.policies.remote.values import Values
from vla_ros.robots.embodiment import Embodiment

MARGIN = 0.01  # [rad] of a joint's limits


class ForeignPolicy:
    """Ask a server that speaks openpi's protocol; what goes wrong is a VlaError that names the URL, and no chunk.

    Joint velocities are steps from where the arm is commanded to be, and end at the joints' limits: whoever learned
    velocities pushes against one now and then, and a chunk beyond it would be refused as a whole.
    """

    def __init__(
        self,
        connection: Connection,
        contract: ServerContract,
        robot: Embodiment,
        timeout_s: float,
        first_timeout_s: float,
    ) -> None:
        self._connection, self._contract = connection, contract
        self._timeout, self._first_timeout = timeout_s, first_timeout_s
        self._arm, self._gripper = robot.gripper_arm, robot.only_gripper
        self._codec = ActionCodec(contract.gives(robot), robot.base_frame, 1.0 / contract.rate_hz)
        self._episode = self._sequence = 0
        self._answered_on = 0  # number of the connection

    def reset(self) -> None:
        """Drop what is under way: such a server knows no episodes."""
        self._episode += 1

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the server's chunk. Raises VlaError where there is none: the arm is held for it."""
        began, episode, url = time.monotonic(), self._episode, self._connection.address.url
        self._connection.connect()
        first = self._connection.connections != self._answered_on
        reply = self._connection.ask(pack(self.message(observation)), self._first_timeout if first else self._timeout)
        if episode != self._episode:
            raise VlaError(f"{url}: a reply to what was seen before a reset is dropped")
        try:
            targets = self._targets(Values(reply), self._codec.anchor(observation))
        except MessageError as error:
            raise VlaError(f"{url}: its reply is no chunk: {error}") from None
        self._answered_on = self._connection.connections
        self._sequence += 1
        return self._codec.chunk_of_targets(
            observation, targets, sequence=self._sequence, inference_s=time.monotonic() - began
        )

    def message(self, observation: Observation) -> dict[str, Any]:
        """Return what the server is sent."""
        contract = self._contract
        pictures = {
            key: fitted_picture(observation.cameras[picture.camera].color, picture)
            for key, picture in contract.pictures.items()
        }
        state = {key: self._numbers(observation, parts) for key, parts in contract.state.items()}
        return pictures | state | {contract.words: observation.instruction}

    def close(self) -> None:
        """Leave the server."""
        self._connection.close()

    def _numbers(self, observation: Observation, parts: tuple[str, ...]) -> np.ndarray:
        """Return what is measured (D,) float32."""
        values = observation.state.values
        found: list[float] = []
        for part in parts:
            if part == "joints":
                found += [values[f"{joint}/position"] for joint in self._arm.joints]
            else:
                low, high = self._gripper.width_min, self._gripper.width_max
                found.append(float(np.clip((high - values[f"{self._gripper.name}/width"]) / (high - low), 0.0, 1.0)))
        return np.array(found, dtype=np.float32)

    def _targets(self, reply: Values, start: np.ndarray) -> np.ndarray:
        """Return joints and width (H, N + 1) from `start` (N,) on. Raises MessageError for a reply that is none."""
        contract, count = self._contract, len(self._arm.joints)
        actions = reply.array(contract.actions, None, count + 1).astype(float)
        if len(actions) < contract.take:
            raise MessageError(
                f"{contract.actions} has {len(actions)} actions: the contract takes {contract.take}: lower take"
            )
        velocities, grip = actions[: contract.take, :count], actions[: contract.take, count]
        velocities = np.clip(velocities, -1.0, 1.0)  # as openpi's client for DROID does
        widths = np.where(grip > contract.closed_above, self._gripper.width_min, self._gripper.width_max)
        low, high = self._arm.lower + MARGIN, self._arm.upper - MARGIN
        targets, q = np.empty_like(velocities), start
        for k, step in enumerate(contract.joint_step * velocities):
            # Where the arm is commanded to be may lie within the margin: it moves no further into it.
            q = np.clip(q + step, np.minimum(low, q), np.maximum(high, q))
            targets[k] = q
        return np.column_stack([targets, widths])


def fitted_picture(picture: np.ndarray, wanted: SentPicture) -> np.ndarray:
    """Return a picture (H, W, 3) uint8 as a server takes it, by PIL's bilinear filter as openpi's client."""
    height, width = picture.shape[:2]
    size = (wanted.width, wanted.height)
    if wanted.fit == "pad":
        ratio = max(width / wanted.width, height / wanted.height)
        size = (max(1, int(width / ratio)), max(1, int(height / ratio)))
    scaled = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))
    made = np.zeros((wanted.height, wanted.width, 3), dtype=np.uint8)
    left, top = (wanted.width - size[0]) // 2, (wanted.height - size[1]) // 2
    made[top : top + size[1], left : left + size[0]] = scaled
    return made
