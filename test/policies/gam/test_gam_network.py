# SPDX-License-Identifier: Apache-2.0
"""Promises of GAM's actor and critic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scipy.spatial.transform import Rotation

from vla_ros.policies.gam.actions import POSE, Candidates, decode, encode, loss_weights
from vla_ros.policies.gam.config import ActionScales, GamSizes, SceneTokens
from vla_ros.policies.gam.networks.actor import Actor
from vla_ros.policies.gam.networks.conditioning import SceneInputs
from vla_ros.policies.gam.networks.dpm_solver import solve
from vla_ros.policies.gam.networks.element_places import in_scene, places_in_tool
from vla_ros.policies.gam.networks.network import GamNetwork
from vla_ros.policies.gam.networks.noise_schedule import NoiseSchedule
from vla_ros.policies.gam.networks.position_embedding import position_embedding
from vla_ros.policies.gam.networks.tool_tokens import ToolNumbers, tool_numbers
from vla_ros.robots.tools.named import load_tool, tool_names

SMALL = GamSizes(
    width=48,
    heads=4,
    feedforward=96,
    actor_blocks=2,
    critic_blocks=2,
    scene=SceneTokens(height=32, width=32, object_groups=6, surrounding_groups=6, neighbours=8),
)


def scene(tool: ToolNumbers, batch: int = 1) -> SceneInputs:
    rng = torch.Generator().manual_seed(0)
    points = torch.randn(batch, 60, 3, generator=rng) * 0.3
    features = torch.rand(batch, 60, 4, generator=rng)
    features[..., 3] = torch.arange(60) < 25
    return SceneInputs(
        images=torch.randint(0, 255, (batch, 1, 32, 32, 3), generator=rng, dtype=torch.uint8),
        places=torch.randn(batch, 1, 32, 32, 3, generator=rng) * 0.3,
        points=points,
        features=features,
        points_there=torch.ones(batch, 60, dtype=torch.bool),
        words=torch.randn(batch, 20, 260, generator=rng),
        tool=tool,
    )


@pytest.fixture
def network():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    made = GamNetwork(SMALL).eval()
    for parameter in made.actor.parameters():  # zeros at the start would hide everything
        torch.nn.init.normal_(parameter, std=0.1)
    return made


def answers(network: GamNetwork, inputs: SceneInputs, actions, criteria):
    with torch.no_grad():
        conditioning = network.conditioning(inputs)
        clean = network.actor(actions, torch.full((1, 1), 300), conditioning)
        return clean, network.critic(actions, criteria, conditioning)


def test_an_element_is_known_by_its_cylinder_and_not_by_its_number(network):
    tool = tool_numbers([load_tool("hybrid")])
    order = torch.tensor([3, 0, 4, 2, 1])
    turned = ToolNumbers(*(values[:, order] if values.ndim > 1 else values for values in vars(tool).values()))
    actions, criteria = torch.randn(1, 7, POSE + 5), torch.randn(2, 48)
    clean, logits = answers(network, scene(tool), actions, criteria)
    moved = torch.cat([actions[..., :POSE], actions[..., POSE:][..., order]], dim=2)
    other, other_logits = answers(network, scene(turned), moved, criteria)
    expected = torch.cat([clean[..., :POSE], clean[..., POSE:][..., order]], dim=2)
    assert torch.allclose(other, expected, atol=1e-4)
    assert torch.allclose(other_logits, logits, atol=1e-4)
    assert not torch.allclose(clean[..., POSE], clean[..., POSE + 1], atol=1e-3)


def test_room_for_more_elements_and_points_changes_nothing(network):
    tool = load_tool("quad_cup")
    inputs = scene(tool_numbers([tool]))
    actions, criteria = torch.randn(1, 5, POSE + 4), torch.randn(3, 48)
    clean, logits = answers(network, inputs, actions, criteria)
    padded = replace(
        inputs,
        tool=tool_numbers([tool], room=9),
        points=torch.cat([inputs.points, torch.full((1, 20, 3), torch.nan)], dim=1),
        features=torch.cat([inputs.features, torch.full((1, 20, 4), 5.0)], dim=1),
        points_there=torch.cat([inputs.points_there, torch.zeros(1, 20, dtype=torch.bool)], dim=1),
    )
    wide = torch.cat([actions, torch.randn(1, 5, 5)], dim=2)
    other, other_logits = answers(network, padded, wide, criteria)
    assert torch.allclose(other[..., : POSE + 4], clean, atol=1e-4)
    assert torch.allclose(other_logits, logits, atol=1e-4)
    # What is asked beside changes no answer.
    alone = answers(network, inputs, actions, criteria[1:2])[1]
    assert torch.allclose(alone[..., 0], logits[..., 1], atol=1e-4)


def test_every_tool_runs_on_the_same_weights(network):
    for name in tool_names():
        tool = load_tool(name)
        conditioning = network.conditioning(scene(tool_numbers([tool])))
        sampled = network.actor.sample(conditioning, 3, torch.Generator().manual_seed(0))
        assert sampled.shape == (1, 3, POSE + len(tool.names))
        assert sampled.isfinite().all()


def test_a_scene_without_points_depth_or_words_gives_numbers(network):
    inputs = scene(tool_numbers([load_tool("single_cup")]))
    empty = replace(
        inputs,
        places=torch.full_like(inputs.places, torch.nan),
        points_there=torch.zeros_like(inputs.points_there),
        words=torch.zeros_like(inputs.words),
    )
    assert all(
        values.isfinite().all() for values in answers(network, empty, torch.randn(1, 2, POSE + 1), torch.randn(1, 48))
    )


def test_shapes_without_memory():
    with torch.device("meta"):
        network = GamNetwork(GamSizes())
    assert sum(parameter.numel() for parameter in network.parameters()) < 5e6


def test_places_say_of_each_other_only_the_way_between_them():
    here, there, shift = torch.randn(3, 50, 3, dtype=torch.float64).unbind()
    said = (position_embedding(here, 128) * position_embedding(there, 128)).sum(dim=1)
    moved = (position_embedding(here + shift, 128) * position_embedding(there + shift, 128)).sum(dim=1)
    assert torch.allclose(said, moved)


def test_rows_decode_to_what_was_encoded_and_cups_stand_where_the_pose_takes_them():
    tool, rng = load_tool("hybrid"), np.random.default_rng(0)
    candidates = Candidates(
        rng.normal(size=(6, 3)) * 0.2,
        Rotation.random(6, rng=rng).as_matrix(),
        rng.random((6, 5)),
        rng.uniform(0.0, 0.12, 6),
        rng.uniform(0.0, 0.06, 6),
    )
    scales = ActionScales()
    rows = encode(candidates, scales, 8)
    back = decode(rows, scales, tool)
    for name, value in vars(candidates).items():
        np.testing.assert_allclose(getattr(back, name), value, atol=1e-6)
    plane = np.concatenate([tool.cylinders[:, :2], np.zeros((5, 1))], axis=1)
    own = torch.tensor(plane / scales.position, dtype=torch.float32).expand(1, 6, -1, -1)
    places = in_scene(torch.tensor(rows)[None], own)
    expected = candidates.positions[:, None] + plane @ candidates.rotations.transpose(0, 2, 1)
    np.testing.assert_allclose(places[0].numpy() * scales.position, expected, atol=1e-6)
    assert not loss_weights(tool, "suction", 8)[[9, 10, 16, 17, 18]].any()


@pytest.mark.parametrize("name", ["hybrid", "drawn_6"])
def test_fingers_stand_by_a_candidates_width_and_depth_cups_where_they_are(name, network):
    tool, scales = load_tool(name), ActionScales()
    cups, rows = len(tool.cups), len(tool.names)
    with torch.no_grad():
        conditioning = network.conditioning(scene(tool_numbers([tool])))
    width = 0.6 * tool.opening
    told = Candidates(
        np.zeros((2, 3)), np.tile(np.eye(3), (2, 1, 1)), np.ones((2, rows)), np.array([width, np.nan]),
        np.array([0.02, np.nan]),
    )  # fmt: skip
    actions = torch.from_numpy(encode(told, scales, rows))[None]
    places = places_in_tool(actions, conditioning, scales)[0].numpy() * scales.position
    as_described = np.column_stack([tool.cylinders[:, :2], np.zeros(rows)])
    np.testing.assert_allclose(places[1], as_described, atol=1e-6)  # without a width: open, and in
    np.testing.assert_allclose(places[0, :cups], as_described[:cups], atol=1e-6)
    np.testing.assert_allclose(places[0, cups:, 2], 0.02, atol=1e-6)
    first = tool.fingers[0].direction
    along = (places[0, cups:, :2] - places[0, cups, :2]) @ first
    assert along.max() == pytest.approx(width, abs=1e-5)


def gaussian_error(steps: int, order: int) -> float:
    """Return how far the solver ends from the exact flow of a Gaussian of mean 0.5 and deviation 0.3."""
    mean, std = 0.5, 0.3
    logs = np.linspace(-3.0, 3.0, steps + 1)  # ln(α/σ), evenly
    alpha, sigma = 1.0 / np.sqrt(1.0 + np.exp(-2.0 * logs)), 1.0 / np.sqrt(1.0 + np.exp(2.0 * logs))
    total = np.sqrt(alpha**2 * std**2 + sigma**2)
    z = torch.linspace(-2.0, 2.0, 9, dtype=torch.float64)

    def clean(x, i):
        return mean + alpha[i] * std**2 / total[i] ** 2 * (x - alpha[i] * mean)

    end = solve(clean, alpha[0] * mean + total[0] * z, alpha, sigma, order)
    return float((end - (alpha[-1] * mean + total[-1] * z)).abs().max())


def test_the_solver_converges_at_its_order_to_the_exact_flow_of_a_gaussian():
    for order in (1, 2):
        rate = np.log2(gaussian_error(80, order) / gaussian_error(160, order))
        assert rate == pytest.approx(order, abs=0.25)
    assert gaussian_error(10, 2) < 0.5 * gaussian_error(10, 1)


def test_the_schedule_ends_in_noise_and_spends_its_steps_evenly():
    schedule = NoiseSchedule("cosine", 1000)
    np.testing.assert_allclose(schedule.alpha**2 + schedule.sigma**2, 1.0)
    assert schedule.alpha[-1] < 1e-3
    assert schedule.sampling_times(10).tolist() == [999, 899, 799, 699, 599, 500, 400, 300, 200, 100]


def test_the_actor_learns_both_modes_and_not_their_mean(network):
    torch.manual_seed(0)
    actor = Actor(SMALL)
    tool = load_tool("single_cup")
    with torch.no_grad():
        conditioning = network.conditioning(scene(tool_numbers([tool])))
    modes = torch.zeros(2, POSE + 1)
    modes[0, :3], modes[1, :3] = 0.6, -0.6
    modes[:, 3] = modes[:, 7] = 1.0
    modes[0, POSE], modes[1, POSE] = 1.0, -1.0
    weights = torch.tensor(loss_weights(tool, "suction", 1))[None, None]
    optimiser = torch.optim.AdamW(actor.parameters(), lr=3e-3)
    for _ in range(250):
        loss = actor.loss(modes[torch.randint(2, (1, 96))], weights, conditioning)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    drawn = actor.sample(conditioning, 64)[0]
    distance = (drawn[:, None, :3] - modes[None, :, :3]).norm(dim=2)
    nearest = distance.argmin(dim=1)
    assert 16 <= int(nearest.sum()) <= 48  # both, and neither far more often
    assert float((distance.min(dim=1).values < 0.25).float().mean()) > 0.85  # their mean is 1.04 from either
    agrees = (drawn[:, POSE] > 0) == (nearest == 0)  # the cup goes with the place
    assert float(agrees.float().mean()) > 0.9


def test_the_critic_ranks_by_what_it_is_asked(network):
    torch.manual_seed(0)
    with torch.no_grad():
        conditioning = network.conditioning(scene(tool_numbers([load_tool("single_cup")])))
    asked = torch.randn(2, 48)
    optimiser = torch.optim.AdamW(network.critic.parameters(), lr=3e-3)

    def drawn():
        actions = torch.randn(1, 64, POSE + 1) * 0.5
        x = actions[..., 0]
        return actions, torch.stack([(3.0 * x).sigmoid(), (x < 0).float()], dim=2)  # continuous, binary

    for _ in range(120):
        actions, labels = drawn()
        labels[:, ::7, 0] = torch.nan  # not known
        loss = network.critic.loss(actions, asked, labels, conditioning)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    actions, labels = drawn()
    with torch.no_grad():
        scores = network.critic.scores(actions, asked, conditioning)[0].numpy()
    x = actions[0, :, 0].numpy()
    rank = np.corrcoef(x.argsort().argsort(), scores[:, 0].argsort().argsort())[0, 1]
    assert rank > 0.9
    # A binary label orders nothing within a class: how often a positive is above a negative.
    auc = float((scores[x < 0, 1][:, None] > scores[x >= 0, 1][None]).mean())
    assert auc > 0.95
