# SPDX-License-Identifier: Apache-2.0
"""A path around an obstacle, left or right: the smallest task with two right answers and a wrong mean.

The tool goes along x from 0.1 m to 0.8 m and passes a post at (0.5, 0) m 15 cm to one side or the other. During the
first two seconds, until x = 0.4 m, a chunk may still go either way.

Shape legend: N samples, T points, H steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import ActionChunk
from vla_ros.policies.actions.normalisation import Normaliser
from vla_ros.policies.actions.single_arm import SingleArmCodec, tool_deltas
from vla_ros.policies.base import Policy
from vla_ros.policies.chunking.sampling import sample_chunk
from vla_ros.policies.flow.policy import MlpFlowPolicy
from vla_ros.policies.flow.training import FlowTraining, train_flow
from vla_ros.policies.observation import ArmState, EndEffectorState, Observation, RobotState

PERIOD, HORIZON = 0.1, 10
START, GOAL, POST = 0.1, 0.8, 0.5  # [m] along x
POST_RADIUS = 0.05  # [m]
DETOUR = 0.15  # [m] to one side
HEIGHT = 0.2  # [m] of the whole way
SPEED = 0.15  # [m/s]
WIDTH = 0.04  # [m] of the gripper
UNDECIDED = 2.0  # [s] for which a chunk may go either way
TICK = 0.02  # [s] at which the commanded path is looked at
ASTRAY = 0.005  # [m] how far off the path some of the data begins, so that the policy leads back
ARM, GRIPPER = "panda", "panda_hand"  # as the chunks of its benchmark are called
CODEC = SingleArmCodec(tool_deltas(ARM, GRIPPER, horizon=HORIZON), "base", PERIOD)


def features(positions: np.ndarray) -> np.ndarray:
    """Return tool positions (..., 3) [m] in units of about 1, the side of the line twice: how far, and which."""
    x, y, z = np.moveaxis(positions - [POST, 0.0, HEIGHT], -1, 0)
    return np.clip(np.stack([x / 0.1, y / 0.05, y / 0.01, z / 0.05], axis=-1), -4.0, 4.0)


def training_data(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return delta actions (N, H, 7) and features (N, 4) of `count` moments on ways past the post."""
    random = np.random.default_rng(seed)
    side = random.choice([-1.0, 1.0], (count, 1)) * random.normal(DETOUR, 0.008, (count, 1))
    step = PERIOD * SPEED * random.uniform(0.95, 1.05, (count, 1))
    x = random.uniform(START - 0.02, GOAL + 0.1, (count, 1)) + step * np.arange(HORIZON + 1)
    points = np.stack([x, side * np.exp(-(((x - POST) / 0.13) ** 2)), np.full_like(x, HEIGHT)], axis=-1)
    # Half of them begin off the path and lead back to it.
    astray = random.normal(0.0, ASTRAY, (count, 1, 3)) * random.integers(0, 2, (count, 1, 1))
    points += astray * np.exp(-PERIOD * np.arange(HORIZON + 1) / 0.4)[:, None]
    deltas = np.diff(points, axis=1)
    yaw = np.arctan2(deltas[..., 1], deltas[..., 0])
    actions = np.zeros((count, HORIZON, 7))
    actions[..., :3] = deltas
    actions[:, 1:, 5] = np.diff(yaw, axis=1)  # the tool looks along the path
    actions[..., 6] = WIDTH
    return actions, features(points[:, 0])


def train_policy(settings: FlowTraining | None = None) -> MlpFlowPolicy:
    """Return a policy that knows the way past the post, on either side."""
    actions, conditions = training_data(count=8000, seed=1)
    normaliser = Normaliser.of(actions)
    network, _ = train_flow(normaliser.normalise(actions), conditions, settings)
    return MlpFlowPolicy(network, normaliser, CODEC, lambda seen: features(CODEC.view(seen).T_base_ee_commanded[:3, 3]))


def observation_at(stamp: float, T_base_ee: np.ndarray) -> Observation:
    """Return what the policy sees with the tool at a pose (4, 4) that is also commanded."""
    arm = ArmState((), np.zeros(0), np.zeros(0), T_base_ee)
    state = RobotState(stamp, {ARM: arm}, {GRIPPER: EndEffectorState(WIDTH)})
    return Observation(stamp, "pass the post", {}, state, state)


def start_pose() -> np.ndarray:
    """Return the pose (4, 4) before the approach."""
    T = np.eye(4)
    T[:3, :3] = Rotation.from_euler("x", np.pi).as_matrix()  # fingers down
    T[:3, 3] = START, 0.0, HEIGHT
    return T


@dataclass(frozen=True, eq=False)
class Drive:
    """One way past the post."""

    path: np.ndarray  # (T, 3) [m] commanded, every TICK
    transition_position: np.ndarray  # [m] step of the commanded position where a chunk took over from another
    transition_velocity: np.ndarray  # [m/s] step of the commanded velocity there
    transition_time: np.ndarray  # [s] when

    @property
    def clearance(self) -> float:
        """Return how near the path came to the post's surface [m]; negative inside."""
        return float(np.linalg.norm(self.path[:, :2] - [POST, 0.0], axis=1).min()) - POST_RADIUS

    @property
    def bend(self) -> float:
        """Return the largest change of velocity from one period to the next [m/s], transitions included."""
        period = round(PERIOD / TICK)
        velocities = np.diff(self.path[period::period], axis=0) / PERIOD  # from the first chunk's first point on
        return float(np.linalg.norm(np.diff(velocities, axis=0), axis=1).max())


def drive(policy: Policy, delay: float, replan: float, seconds: float = 4.6) -> Drive:
    """Let `policy` lead the tool past the post, perfectly followed.

    It looks every `replan` [s] and its chunk takes over `delay` <= `replan` [s] later (the first at once), abruptly
    and by the clock: what control would smooth is seen here as it is.
    """
    policy.reset()
    active: ActionChunk | None = None
    path, steps, times = [], [], []
    for t in np.arange(0.0, seconds, replan):
        chunk = policy.infer(observation_at(t, start_pose() if active is None else _pose(active, t)))
        takeover = t
        if active is not None:
            takeover = t + delay
            steps.append(_motion(chunk, takeover) - _motion(active, takeover))
            times.append(takeover)
            path.append(_positions(active, t, takeover))
        path.append(_positions(chunk, takeover, t + replan))
        active = chunk
    transitions = np.linalg.norm(steps, axis=-1)
    return Drive(np.concatenate(path), transitions[:, 0], transitions[:, 1], np.array(times))


def _positions(chunk: ActionChunk, begin: float, end: float) -> np.ndarray:
    """Return tool positions (T, 3) [m] every TICK from begin [s] to before end [s]."""
    return sample_chunk(chunk, begin + TICK * np.arange(round((end - begin) / TICK)))[:, :3]


def _motion(chunk: ActionChunk, t: float) -> np.ndarray:
    """Return position [m] and velocity [m/s] (2, 3) at time t [s]."""
    here, soon = sample_chunk(chunk, np.array([t, t + TICK]))[:, :3]
    return np.stack([here, (soon - here) / TICK])


def _pose(chunk: ActionChunk, t: float) -> np.ndarray:
    values = sample_chunk(chunk, np.array([t]))[0]
    T = np.eye(4)
    T[:3, 3] = values[:3]
    T[:3, :3] = Rotation.from_quat(values[3:7]).as_matrix()
    return T
