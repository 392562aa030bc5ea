# SPDX-License-Identifier: Apache-2.0
"""Past a post on either side, then along a line that jumps aside once: two right answers, and something to react to.

The tool goes along y and passes a post 15 cm to one side or the other, as in bench/detour.py. Then it follows a line
straight on, which jumps 4 cm to one side at a random moment; the policy sees where the line is.

Shape legend: N samples, T points, H steps.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from bench.franka import ARM, GRIPPER
from vla_ros.policies.actions.normalisation import Normaliser
from vla_ros.policies.actions.single_arm import SingleArmCodec, tool_deltas
from vla_ros.policies.flow.correction_training import CorrectionTraining, Moments, train_correction
from vla_ros.policies.flow.policy import MlpFlowPolicy
from vla_ros.policies.flow.training import FlowTraining, train_flow
from vla_ros.policies.observation import ArmState, EndEffectorState, JointGroupState, Observation, RobotState

PERIOD, HORIZON = 0.1, 16
PREFIX_MAX = 8  # actions
BEGIN, POST, STRAIGHT = -0.52, -0.17, 0.03  # [m] along y: where it begins, where the post is, where it is passed
LINE_X, HEIGHT = 0.45, 0.3  # [m] of the line, while it has not moved
POST_RADIUS, DETOUR, BREADTH = 0.05, 0.15, 0.13  # [m]
SPEED = 0.12  # [m/s]
WIDTH = 0.04  # [m] of the gripper
JUMP = 0.04  # [m] of the line
ASTRAY, ASTRAY_LATER = 0.005, 0.06  # [m] how far off the path data begins: before the post is passed, and after
PUSHED = 0.006  # [m] how far the tool is off where a chunk has it, in the data of corrections
SMALLEST = np.array([1e-3, 1e-3, 1e-3, 0.01, 0.01, 0.01, 0.01])  # std of actions: what hardly varies is not blown up
RETURN_S = 0.4  # [s] in which a distance to the path falls to 1/e
FRAME, LINE = "panda_link0", "line"
DOWN = Rotation.from_euler("x", np.pi).as_matrix()  # the fingers


def codec(horizon: int) -> SingleArmCodec:
    """Return what turns so many actions into chunks."""
    return SingleArmCodec(tool_deltas(ARM, GRIPPER, horizon=horizon), FRAME, PERIOD)


CODEC = codec(HORIZON)


def features(position: np.ndarray, line: np.ndarray | float) -> np.ndarray:
    """Return what the policy is conditioned on (..., 4): tool position (..., 3) [m] about a line `line` [m] aside."""
    along, aside = position[..., 1] - POST, position[..., 0] - LINE_X - line
    up = position[..., 2] - HEIGHT
    return np.clip(np.stack([along / 0.1, aside / 0.05, aside / 0.01, up / 0.05], axis=-1), -4.0, 4.0)


def observation_at(stamp: float, T_base_ee: np.ndarray, line: float) -> Observation:
    """Return what the policy sees with the tool at a pose (4, 4) that is also commanded."""
    arm = ArmState((), np.zeros(0), np.zeros(0), T_base_ee)
    scene = JointGroupState((LINE,), np.array([line]), np.zeros(1))
    state = RobotState(stamp, {ARM: arm}, {GRIPPER: EndEffectorState(WIDTH)}, {LINE: scene})
    return Observation(stamp, "follow the line", {}, state, state)


def commanded_position(observation: Observation) -> np.ndarray:
    """Return where the tool is commanded to be (3,) [m]."""
    return observation.commanded.arms[ARM].T_base_ee[:3, 3]


def tool_pose(position: np.ndarray) -> np.ndarray:
    """Return the pose (4, 4) of a tool that points down at `position` (3,) [m]."""
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = DOWN, position
    return T


BEGINNING = tool_pose(np.array([LINE_X, BEGIN, HEIGHT]))


class Ways:
    """Demonstrations: moments on ways past the post and along the line."""

    def __init__(self, count: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.random, self.count = random, count
        self.side = random.choice([-1.0, 1.0], count) * random.normal(DETOUR, 0.008, count)
        self.speed = SPEED * random.uniform(0.95, 1.05, count)
        self.begin = random.uniform(BEGIN - 0.02, 0.5, count)
        spread = np.where(self.begin > STRAIGHT, ASTRAY_LATER, ASTRAY)
        # Half of them begin off the path and lead back to it.
        self.astray = spread[:, None] * random.uniform(-1.0, 1.0, (count, 3)) * random.integers(0, 2, (count, 1))
        self.astray[:, 1] = 0.0
        self.astray[:, 2] = np.clip(self.astray[:, 2], -ASTRAY, ASTRAY)

    def points(self, executed: np.ndarray, moved: np.ndarray) -> np.ndarray:
        """Return the positions (N, H + 1, 3) [m] about the line, `executed` (N,) steps after a way's moment.

        Then the tool is `moved` (N, 3) [m] off where the way has it: pushed, or the line has jumped the other way.
        """
        time = PERIOD * np.arange(HORIZON + 1)
        passed = PERIOD * executed
        along = (self.begin + self.speed * passed)[:, None] + self.speed[:, None] * time
        path = self.side[:, None] * np.exp(-(((along - POST) / BREADTH) ** 2))
        astray = self.astray * np.exp(-passed / RETURN_S)[:, None] + moved
        back = astray[:, None] * np.exp(-time / RETURN_S)[:, None]
        return np.stack([LINE_X + path, along, np.full_like(along, HEIGHT)], axis=-1) + back


def actions_through(points: np.ndarray) -> np.ndarray:
    """Return delta actions (N, H, 7) through points (N, H + 1, 3)."""
    actions = np.zeros((len(points), HORIZON, 7))
    actions[..., :3] = np.diff(points, axis=1)
    actions[..., 6] = WIDTH
    return actions


def training_data(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return delta actions (N, H, 7) and features (N, 4) of `count` moments."""
    points = Ways(count, seed).points(np.zeros(count), np.zeros((count, 3)))
    return actions_through(points), features(points[:, 0], 0.0)


def correction_data(count: int, seed: int, normaliser: Normaliser) -> Moments:
    """Return pairs of moments, up to H − 4 steps apart, between which the line has jumped in half of them."""
    ways = Ways(count, seed)
    executed = ways.random.integers(0, HORIZON - 4, count)
    jumped = (ways.begin + ways.speed * PERIOD * executed > STRAIGHT) & (ways.random.random(count) < 0.5)
    moved = PUSHED * ways.random.standard_normal((count, 3))
    moved[: count // 2, 0] = ways.random.uniform(-ASTRAY_LATER, ASTRAY_LATER, count // 2)  # corrected for long
    displaced = np.zeros((count, 7))
    displaced[:, :3] = -moved / normaliser.std[:3]  # the chunk leads to where it wanted to be all the same
    moved[:, 0] -= np.where(jumped, ways.random.uniform(-1.5 * JUMP, 1.5 * JUMP, count), 0.0)
    then, now = ways.points(np.zeros(count), np.zeros((count, 3))), ways.points(executed, moved)
    return Moments(
        features(then[:, 0], 0.0),
        features(now[:, 0], 0.0),
        executed,
        normaliser.normalise(actions_through(now)),
        displaced,
    )


def normaliser_of(actions: np.ndarray) -> Normaliser:
    """Return what normalises actions (N, H, 7): what hardly varies is not blown up."""
    own = Normaliser.of(actions)
    return Normaliser(own.mean, np.where(own.std < 1.0, np.maximum(own.std, SMALLEST), SMALLEST))


def train_policy(
    prefix_max: int = 0,
    correction: bool = False,
    iterations: int = 1500,
    horizons: tuple[int, ...] = (HORIZON,),
    seed: int = 0,
) -> MlpFlowPolicy:
    """Return a flow policy that knows the way, of the kind that is asked for: several `horizons` are mixed."""
    actions, conditions = training_data(count=12000, seed=1)
    actions = actions[:, : horizons[-1]]
    normaliser = normaliser_of(actions)
    mixed = horizons if len(horizons) > 1 else ()
    settings = FlowTraining(iterations=iterations, prefix_max=prefix_max, horizons=mixed, seed=seed)
    network, _ = train_flow(normaliser.normalise(actions), conditions, settings)
    if correction:
        train_correction(network, correction_data(12000, 2, normaliser), CorrectionTraining(iterations=iterations))

    def seen(observation: Observation) -> np.ndarray:
        return features(commanded_position(observation), float(observation.commanded.joint_groups[LINE].q[0]))

    return MlpFlowPolicy(network, normaliser, codec(horizons[-1]), seen)
