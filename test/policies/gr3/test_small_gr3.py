# SPDX-License-Identifier: Apache-2.0
"""The small GR-3: where things are for the hands, what its layers begin as, its checkpoint, and the policy.

Shape legend: N things, T words, D features, H actions.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from policy_making.feature_checks import check_features
from scipy.spatial.transform import Rotation
from tiny.gr3 import CONFIG, HORIZON, ROBOT, calibration, network, painted, save_tiny, seen

from controllers.chunks.chunk import TaskStatus
from controllers.errors import ConfigError
from vla_ros.policies.action_transformer.policy import NOT_THERE
from vla_ros.policies.action_transformer.state_numbers import state_numbers, state_size
from vla_ros.policies.backbone.standing import MIDDLE, UNIT
from vla_ros.policies.backbone.view_geometry import project
from vla_ros.policies.capabilities.flow_policy import DifferentiableFlowPolicy
from vla_ros.policies.families.loading import check_policy, load_policy
from vla_ros.policies.gr3.small.checkpoint import load_small_gr3, small_policy
from vla_ros.policies.gr3.small.config import read_small_config
from vla_ros.policies.gr3.small.network import Seen
from vla_ros.policies.gr3.small.reader import look_at, spoken
from vla_ros.policies.gr3.small.thing_numbers import SCALE, THING_NUMBERS, TOOLS, VIEWS, thing_numbers, tool_poses
from vla_ros.robots.embodiment import load_embodiment

pytestmark = pytest.mark.usefixtures("threads_as_before")

SIZES = [(640, 480)] * VIEWS
TOOL_POSES = tool_poses(np.array([[0.5, 0.3, 0.9, 1.0, 0.0, 0.0, 0.0], [0.5, -0.3, 0.9, 0.0, 0.0, 0.0, 1.0]]))
# Where each number begins: views, camera, direction, size, lines from the tools, on the surface, by two views.
LINES, SURFACE = VIEWS + 8, VIEWS + 8 + 6 * TOOLS
PLACE = SURFACE + 3 * (1 + TOOLS) + 1


def calibrations() -> list[np.ndarray]:
    return [calibration(name) for name in CONFIG.acting.cameras]


def box_at(view: int, point: np.ndarray, side: float = 60.0) -> np.ndarray:
    pixel = project(calibrations()[view], point[None])[0][0]
    return np.array([[*(pixel - side / 2), *(pixel + side / 2)]])


def numbers_of(point: np.ndarray, views: tuple[int, ...], tools: np.ndarray | None = TOOL_POSES) -> list[np.ndarray]:
    # Both make the thing equally tall: a box as large as its distance says.
    boxes = [box_at(v, point, 42.0 / (1.4 - point[2]) * (0.7 if v == 0 else 1.0)) for v in range(VIEWS)]
    heights = [calibrations()[v][6] - point[2] for v in range(VIEWS)]
    boxes = [box_at(v, point, 30.0 / heights[v]) if v in views else np.zeros((0, 4)) for v in range(VIEWS)]
    return thing_numbers(boxes, SIZES, calibrations(), tools, 0.7)


def test_a_line_of_sight_meets_the_surface_where_the_thing_stands() -> None:
    point = np.array([0.55, 0.1, 0.7])
    ((head,), _, _) = numbers_of(point, (0,))
    assert head.shape == (THING_NUMBERS,)
    np.testing.assert_allclose(head[:VIEWS], [1.0, 0.0, 0.0])
    np.testing.assert_allclose(head[SURFACE : SURFACE + 3], point, atol=1e-5)
    for number, T in enumerate(TOOL_POSES):
        first = SURFACE + 3 + 3 * number
        np.testing.assert_allclose(head[first : first + 3], (point - T[:3, 3]) / SCALE, atol=1e-4)
    assert not head[PLACE:].any()  # one view alone


def test_two_views_that_agree_say_where_it_is() -> None:
    point = np.array([0.5, 0.05, 0.78])
    (head,), (left,), _ = numbers_of(point, (0, 1))
    for numbers in (head, left):
        np.testing.assert_allclose(numbers[PLACE : PLACE + 3], point, atol=2e-3)
        np.testing.assert_allclose(numbers[PLACE + 3 : PLACE + 6], (point - TOOL_POSES[0, :3, 3]) / SCALE, atol=1e-2)
        assert numbers[-1] == 1.0
    assert (point > MIDDLE - UNIT).any()


def test_a_line_is_seen_from_each_tool_in_its_own_frame() -> None:
    ((head,), _, _) = numbers_of(np.array([0.55, 0.1, 0.7]), (0,))
    direction = head[VIEWS + 3 : VIEWS + 6]
    for number, T in enumerate(TOOL_POSES):
        first = LINES + 6 * number
        np.testing.assert_allclose(head[first + 3 : first + 6], T[:3, :3].T @ direction, atol=1e-6)
        camera = T[:3, :3].T @ (calibrations()[0][4:7] - T[:3, 3]) / SCALE
        np.testing.assert_allclose(head[first : first + 3], camera, atol=1e-5)


def test_without_hands_nothing_is_seen_from_them() -> None:
    ((head,), _, _) = numbers_of(np.array([0.55, 0.1, 0.7]), (0,), None)
    assert not head[LINES:SURFACE].any()
    assert not head[SURFACE + 3 : PLACE - 1].any()
    assert head[PLACE - 1] == 1.0  # where it stands on the surface is known all the same


def test_a_line_that_goes_up_meets_no_surface() -> None:
    up = calibration("head")
    up[7:] = 0.0, 0.0, 0.0, 1.0
    numbers = thing_numbers([np.array([[300.0, 220, 340, 260]])] * 3, SIZES, [up, *calibrations()[1:]], TOOL_POSES, 0.7)
    assert not numbers[0][0, SURFACE:PLACE].any()


def test_an_orientation_is_two_columns_of_its_matrix() -> None:
    channels = CONFIG.acting.state
    assert state_size(channels) == 37
    values = np.zeros((2, len(channels)))
    values[:, 3:7] = Rotation.from_euler("xyz", [0.1, 0.2, 0.3]).as_quat()
    values[1, 3:7] *= -1.0  # the same rotation
    values[:, 13] = 1.0
    numbers = state_numbers(values, channels)
    np.testing.assert_allclose(numbers[0], numbers[1])
    R = Rotation.from_euler("xyz", [0.1, 0.2, 0.3]).as_matrix()
    np.testing.assert_allclose(numbers[0, 3:9], np.concatenate([R[:, 0], R[:, 1]]))


def seen_now() -> Seen:
    made = network()
    pictures = [painted(0)[0]] * VIEWS
    looks, geometry, numbers = look_at(made.backbone, pictures, calibrations(), TOOL_POSES, 0.7)
    words = torch.from_numpy(spoken("pick up the red mug"))[None]
    return Seen(looks, geometry, numbers, torch.ones(looks.shape[:2], dtype=torch.bool), words)


@torch.no_grad()
def test_it_begins_by_saying_what_its_backbone_says() -> None:
    made, now = network(), seen_now()
    understood = made.understand(now)
    assert len(understood.tokens) == CONFIG.depth + 1
    matching = made.backbone.matching
    alone = matching(now.looks, now.geometry, now.there, now.words)
    torch.testing.assert_close(understood.roles[..., 0], alone)
    for before, after in zip(
        understood.tokens[CONFIG.backbone.depth :], understood.tokens[CONFIG.backbone.depth + 1 :], strict=False
    ):
        torch.testing.assert_close(before, after)


@torch.no_grad()
def test_what_is_meant_is_marked_for_the_layers_behind() -> None:
    made, now = network(moved=True), seen_now()
    first = CONFIG.backbone.depth
    before = made.understand(now)
    made.receptacle[-1].bias += 5.0
    after = made.understand(now)
    count = now.there.shape[1]
    assert (after.roles[..., 1] > before.roles[..., 1]).all()
    assert not torch.allclose(after.tokens[first][:, :count], before.tokens[first][:, :count])
    torch.testing.assert_close(after.tokens[first][:, count:], before.tokens[first][:, count:])


@torch.no_grad()
def test_the_action_transformer_reads_the_latter_half() -> None:
    made, now = network(moved=True), seen_now()
    layers = made.understand(now).tokens
    prefix = made.prefix(now, layers)
    assert len(prefix.keys) == CONFIG.depth // 2 == len(made.transformer.layers)
    count = now.there.shape[1] + now.words.shape[1]
    assert prefix.keys[0].shape == (1, 4, count, 4)
    first = made.later[0]
    expected = torch.nn.functional.linear(first.norm1(layers[2]), first.self_attn.in_proj_weight[16:32],
                                          first.self_attn.in_proj_bias[16:32])  # fmt: skip
    torch.testing.assert_close(prefix.keys[0][0].transpose(0, 1).flatten(1), expected[0])


def test_a_checkpoint_comes_back_and_is_found_by_its_kind(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "gr3")
    assert read_small_config(folder) == CONFIG
    needs = check_policy("gr3", ROBOT, str(folder))
    assert [camera.name for camera in needs.cameras] == ["head", "left_wrist", "right_wrist"]
    assert all(camera.calibration and not camera.depth for camera in needs.cameras)
    assert needs.groups is not None
    assert {"left", "right", "left_gripper", "right_gripper", "base"} == set(needs.groups)
    chunk = load_policy(str(folder), ROBOT).infer(seen())
    again = load_small_gr3(folder, ROBOT).infer(seen())
    np.testing.assert_array_equal(chunk.values, again.values)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(version=9), "version 9"),
        (lambda c: c.update(later=1), "even number"),
        (lambda c: c["acting"].update(cameras=["head"]), "3 views"),
        (lambda c: c["acting"].update(cameras=["head", "head", "left_wrist"]), "each once"),
        (lambda c: c["acting"]["action"].update(arms=["left"]), "action_statistics are of 17"),
        (lambda c: c["acting"]["state_statistics"].update(mean=[0.0]), "statistics disagree"),
        (lambda c: c["acting"].update(sate=[]), "did you mean 'state'"),
        (lambda c: c["acting"]["transformer"].update(heads=3), "multiple of the 4"),
    ],
)
def test_a_broken_checkpoint_is_refused_in_one_line(tmp_path: Path, change, said: str) -> None:
    folder = save_tiny(tmp_path / "gr3")
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match=said) as error:
        load_policy("gr3", ROBOT, checkpoint=str(folder))
    assert "\n" not in str(error.value)


def test_another_robot_and_no_weights_are_refused(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "gr3")
    with pytest.raises(ConfigError, match="bytemini"):
        check_policy("gr3", load_embodiment("franka"), str(folder))
    with pytest.raises(ConfigError, match="needs weights"):
        check_policy("gr3", ROBOT)
    (folder / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ConfigError, match="corrupt or cut short"):
        load_policy("gr3", ROBOT, checkpoint=str(folder))


def test_a_chunk_is_of_both_hands_and_the_base_within_the_grippers_opening() -> None:
    policy = small_policy(network(moved=True), CONFIG, ROBOT)
    assert isinstance(policy, DifferentiableFlowPolicy)
    chunk = policy.infer(seen())
    assert chunk.values.shape == (HORIZON, 2 * 7 + 2 + 3 + 1)
    assert chunk.riding
    widths = chunk.values[:, [chunk.layout.columns[f"{side}_gripper/width"] for side in ("left", "right")]]
    assert (widths >= 0.0).all()
    assert (widths <= ROBOT.gripper("left_gripper").width_max).all()
    policy.reset()
    np.testing.assert_array_equal(policy.infer(seen()).values, chunk.values)
    other = policy.infer(seen("put the blue box into the bin"))
    assert not np.array_equal(other.values, chunk.values)


def test_its_features_are_the_mean_over_the_actions_tokens() -> None:
    policy = small_policy(network(moved=True), CONFIG, ROBOT)
    features = check_features(policy, seen(), seen("put the blue box into the bin"))
    assert features.shape == (CONFIG.acting.transformer.width,)


@pytest.mark.parametrize("status", list(TaskStatus))
def test_what_the_last_number_says_is_the_chunks_status(status: TaskStatus) -> None:
    policy, observation = small_policy(network(), CONFIG, ROBOT), seen()
    actions = np.zeros(policy.action_shape)
    actions[:, -1] = status.value
    chunk = policy.decode(observation, actions)
    assert chunk.status is status
    assert policy.explanation == (NOT_THERE if status is TaskStatus.INVALID else "")
    np.testing.assert_allclose(policy.encode(observation, chunk), actions, atol=1e-9)


def test_without_the_task_status_a_chunk_goes_on() -> None:
    acting = dataclasses.replace(
        CONFIG.acting, transformer=dataclasses.replace(CONFIG.acting.transformer, status=False)
    )
    config = dataclasses.replace(CONFIG, acting=acting)
    torch.manual_seed(0)
    policy = small_policy(type(network())(config), config, ROBOT)
    assert policy.action_shape == (HORIZON, 17)
    assert policy.infer(seen()).status is TaskStatus.ONGOING


def test_the_fields_derivative_is_its_derivative() -> None:
    policy, observation = small_policy(network(moved=True), CONFIG, ROBOT), seen()
    condition = policy.prepare(observation)
    rng = np.random.default_rng(0)
    x, cotangent, step = (rng.normal(size=policy.action_shape) for _ in range(3))
    _, pullback = policy.vjp(condition, x, 0.4)
    h = 1e-2
    ahead, behind = (policy.velocity(condition, x + s * h * step, 0.4) for s in (1, -1))
    numeric = float((cotangent * (ahead - behind)).sum() / (2 * h))
    assert float((pullback(cotangent) * step).sum()) == pytest.approx(numeric, rel=0.02, abs=1e-3)
