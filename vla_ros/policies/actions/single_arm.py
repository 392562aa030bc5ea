# SPDX-License-Identifier: Apache-2.0
"""What a policy of one arm and its parallel gripper reads of an observation, and what its actions are.

One action is seven numbers (GraspVLA, section 4): translation [m] and rotation vector [rad], both in the base frame and
relative to the previous pose, then the gripper's total opening [m].

Shape legend: H rows in time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from controllers.errors import ConfigError, unknown_name
from controllers.rotations import from_matrix
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.observation import CameraView, Observation, RobotState
from vla_ros.robots.embodiment import Embodiment

ACTION_SIZE = 7
PERIOD_S, HORIZON = 0.1, 4  # as the small GraspVLA was trained
# Of a dataset's state, after the joints, of which arms have six or seven: position (3), orientation (4), width.
STATE_TOOL, STATE_WIDTH = slice(-8, -5), -1


@dataclass(frozen=True, eq=False)
class SingleArmState:
    """Measured state of one arm and its gripper at `stamp`."""

    stamp: float  # [s]
    q: np.ndarray  # (N,) [rad]
    dq: np.ndarray  # (N,) [rad/s]
    T_base_ee: np.ndarray  # (4, 4) tool centre point
    gripper_width: float  # [m] total opening


@dataclass(frozen=True, eq=False)
class SingleArmObservation:
    """An observation as a policy of one arm has it; the fields are those of `Observation`."""

    stamp: float  # [s]
    instruction: str
    cameras: Mapping[str, CameraView]
    state: SingleArmState
    T_base_ee_commanded: np.ndarray  # (4, 4)
    history: tuple[SingleArmState, ...] = ()  # oldest first
    gripper_width_commanded: float | None = None  # [m]; None: nobody says


def single_arm(observation: Observation, arm: str, gripper: str) -> SingleArmObservation:
    """Return what an observation says of one arm and one parallel gripper.

    Raises ConfigError that names the nearest group when the robot has no such one.
    """
    commanded = observation.commanded.end_effectors.get(gripper)
    return SingleArmObservation(
        observation.stamp,
        observation.instruction,
        observation.cameras,
        _state(observation.state, arm, gripper),
        observation.commanded.arms[arm].T_base_ee,
        tuple(_state(state, arm, gripper) for state in observation.history),
        None if commanded is None else commanded.width,
    )


def _state(state: RobotState, arm: str, gripper: str) -> SingleArmState:
    if arm not in state.arms:
        raise ConfigError(unknown_name("arm", arm, state.arms))
    if gripper not in state.end_effectors:
        raise ConfigError(unknown_name("end effector", gripper, state.end_effectors))
    width = state.end_effectors[gripper].width
    if width is None:
        raise ConfigError(f"end effector '{gripper}' measures no width: it is no parallel gripper")
    one = state.arms[arm]
    return SingleArmState(state.stamp, one.q, one.dq, one.T_base_ee, width)


class SingleArmCodec(ActionCodec):
    """The codec of a policy that moves the tool of one arm and one parallel gripper.

    Raises ConfigError for a contract that moves anything else.
    """

    def __init__(self, action: ActionContract, frame_id: str, period: float = PERIOD_S) -> None:
        super().__init__(action, frame_id, period)
        others = action.joints or action.cups or action.base
        if len(action.arms) != 1 or len(action.grippers) != 1 or others:
            raise ConfigError(
                f"this policy moves one arm by its tool and one gripper, the contract {', '.join(action.channels)}"
            )
        (self.arm,), (self.gripper,) = action.arms, action.grippers

    @classmethod
    def of(
        cls, embodiment: Embodiment, anchor: str = "commanded", period: float = PERIOD_S, horizon: int = HORIZON
    ) -> SingleArmCodec:
        """Return that of a robot with one arm and one gripper. Raises ConfigError for another robot."""
        if len(embodiment.arms) != 1 or len(embodiment.grippers) != 1:
            has = " and ".join(
                f"{len(groups)} {kind}s ({', '.join(group.name for group in groups) or 'none'})"
                for kind, groups in (("arm", embodiment.arms), ("gripper", embodiment.grippers))
            )
            raise ConfigError(f"this policy moves one arm and one gripper; robot '{embodiment.name}' has {has}")
        return cls.of_gripper(embodiment, anchor, period, horizon)

    @classmethod
    def of_gripper(
        cls,
        embodiment: Embodiment,
        anchor: str = "commanded",
        period: float = PERIOD_S,
        horizon: int = HORIZON,
        arm: str = "",
    ) -> SingleArmCodec:
        """Return that of an arm and its parallel gripper, whatever else the robot has; "": of the one that it has.

        Raises ConfigError for an arm without one; where none is named, for a robot without one, or with several.
        """
        gripper = embodiment.gripper_on(arm) if arm else embodiment.only_gripper
        return cls(tool_deltas(gripper.arm, gripper.name, anchor, horizon), embodiment.base_frame, period)

    def view(self, observation: Observation) -> SingleArmObservation:
        """Return what the observation says of this arm and gripper. Raises ConfigError when the robot has none such."""
        return single_arm(observation, self.arm, self.gripper)

    def T_base_anchor(self, seen: SingleArmObservation) -> np.ndarray:
        """Return the pose (4, 4) that the first action is relative to."""
        return seen.T_base_ee_commanded if self.action.anchor == "commanded" else seen.state.T_base_ee

    def targets(self, poses: Sequence[np.ndarray], widths: Sequence[float]) -> np.ndarray:
        """Return tool poses H × (4, 4) and widths [m] as absolute targets (H, 8)."""
        rows = zip(poses, widths, strict=True)
        return np.array([[*T[:3, 3], *from_matrix(T[:3, :3]), width] for T, width in rows])


def tool_deltas(arm: str, gripper: str, anchor: str = "commanded", horizon: int = HORIZON) -> ActionContract:
    """Return the contract of the seven numbers for an arm and a gripper by their names."""
    return ActionContract(
        arms=(arm,),
        grippers=(gripper,),
        reference="delta",
        rotation="rotation_vector",
        target=anchor,
        anchor=anchor,
        horizon=horizon,
    )


def upgraded(values: Any, version: int) -> Any:
    """Return the config.json of a checkpoint of version 1, which named arm and gripper, as `version` says it.

    Raises ConfigError for actions of version 1 that are not whole.
    """
    if not isinstance(values, dict) or values.get("version", 1) != 1 or not isinstance(values.get("action"), dict):
        return values
    said = values["action"]
    try:
        action = tool_deltas(said["arm"], said["gripper"], said["anchor"], said["horizon"])
        written = {key: list(value) if isinstance(value, tuple) else value for key, value in vars(action).items()}
        now = {"action": written, "frame_id": said["frame_id"], "period": said["period"]}
    except (KeyError, TypeError) as error:
        raise ConfigError(f"action of version 1 is not whole ({error}): copy the checkpoint again") from None
    return {**values, **now, "version": version}
