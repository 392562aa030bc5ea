# SPDX-License-Identifier: Apache-2.0
"""The small GraspVLA's networks learn what they are for from a handful of pictures."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from scene_making.two_views import FRONT, HEIGHT, SIDE, WIDTH

from vla_ros.policies.backbone import proposals
from vla_ros.policies.backbone.matching import CROP as MATCH_CROP
from vla_ros.policies.backbone.matching import GEOMETRY, MatchNetwork
from vla_ros.policies.backbone.proposals import ProposalNetwork, decode, proposal_loss
from vla_ros.policies.backbone.view_geometry import point_window, project
from vla_ros.policies.backbone.word_tokens import word_tokens
from vla_ros.policies.grasp_finding.grasp_network import CROP, EXTENT, GraspNetwork
from vla_ros.policies.grasp_finding.grasp_pose import soft_bins, to_angles, to_rotation
from vla_ros.policies.grasp_finding.grasp_search import find_grasp
from vla_ros.policies.graspvla.small.action_expert import ActionExpert
from vla_ros.policies.graspvla.small.chain import REASONING_STEPS, TOKEN_SIZE, TOKENS, ChainState, chain_numbers

CALIBRATIONS = (FRONT, SIDE)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


# -- proposals -----------------------------------------------------------------------------------------------------
def test_boxes_are_read_out_of_a_map_where_they_were_put() -> None:
    rows, columns = proposals.HEIGHT // proposals.CELL, proposals.WIDTH // proposals.CELL
    maps = torch.zeros(1, 5, rows, columns)
    maps[:, 0] = -9.0
    wanted = {(10, 5): (4.0, 3.0, 2.0), (30, 20): (6.0, 8.0, 3.0)}  # column, row → width, height [cells], score
    for (column, row), (width, height, score) in wanted.items():
        maps[0, 0, row, column] = score
        maps[0, 0, row, column + 1] = score - 0.5  # a slope beside the peak is no second box
        maps[0, 1:3, row, column] = torch.tensor([0.2, -0.3])
        maps[0, 3, row, column], maps[0, 4, row, column] = np.log(width), np.log(height)
    boxes, scores = decode(maps, 4)
    assert scores[0, 1] > 0.8 > scores[0, 2]
    for found, ((column, row), (width, height, _)) in zip(boxes[0], reversed(wanted.items()), strict=False):
        x, y = column + 0.7, row + 0.2
        expected = [
            (x - width / 2) / columns,
            (y - height / 2) / rows,
            (x + width / 2) / columns,
            (y + height / 2) / rows,
        ]
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_best_possible_map_has_nearly_no_loss_and_says_the_boxes() -> None:
    boxes = torch.tensor([[[0.2, 0.3, 0.4, 0.5], [0.6, 0.5, 0.7, 0.8], [0.0, 0.0, 0.0, 0.0]]])
    seen = torch.tensor([[True, True, False]])
    rows, columns = proposals.HEIGHT // proposals.CELL, proposals.WIDTH // proposals.CELL
    maps = torch.zeros(1, 5, rows, columns)
    maps[:, 0] = -9.0
    for x1, y1, x2, y2 in boxes[0, :2]:
        x, y = (x1 + x2) / 2 * columns, (y1 + y2) / 2 * rows
        for i in range(max(0, int(x) - 1), int(x) + 2):
            for j in range(max(0, int(y) - 1), int(y) + 2):
                maps[0, 1:, j, i] = torch.stack(
                    [x - i - 0.5, y - j - 0.5, ((x2 - x1) * columns).log(), ((y2 - y1) * rows).log()]
                )
        maps[0, 0, int(y), int(x)] = 9.0
    losses = proposal_loss(maps, boxes, seen)
    assert losses["box"] < 1e-6
    assert losses["centre"] < 0.01
    found, scores = decode(maps, 3)
    assert (scores[0] > 0.5).tolist() == [True, True, False]
    order = found[0, :2, 0].argsort()
    np.testing.assert_allclose(found[0, :2][order], boxes[0, :2], atol=1e-5)
    assert all(torch.isfinite(loss) for loss in proposal_loss(maps, boxes, torch.zeros_like(seen)).values())


def test_proposals_of_four_pictures_are_learned() -> None:
    random = np.random.default_rng(0)
    images = np.full((4, proposals.HEIGHT, proposals.WIDTH, 3), 110, np.uint8)
    boxes = np.zeros((4, 2, 4), np.float32)
    for image, box in zip(images, boxes, strict=True):
        for i, (left, color) in enumerate(((10, (200, 40, 40)), (100, (40, 60, 200)))):
            x, y, w, h = (
                left + random.integers(40),
                random.integers(20, 80),
                random.integers(16, 40),
                random.integers(16, 40),
            )
            image[y : y + h, x : x + w] = color
            box[i] = x, y, x + w, y + h
    boxes /= np.array([proposals.WIDTH, proposals.HEIGHT] * 2, np.float32)
    network = ProposalNetwork(16)
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3)
    told = []
    for _ in range(25):
        losses = proposal_loss(
            network(torch.from_numpy(images)), torch.from_numpy(boxes), torch.ones(4, 2, dtype=torch.bool)
        )
        total = torch.stack(list(losses.values())).sum()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        told.append(total.item())
    assert told[-1] < 0.35 * told[0]


# -- matching ------------------------------------------------------------------------------------------------------
def test_what_is_not_there_is_never_chosen_and_order_does_not_matter() -> None:
    network = MatchNetwork(5, 4, 32, 1).eval()
    crops = torch.randint(0, 255, (4, MATCH_CROP, MATCH_CROP, 3), dtype=torch.uint8)
    words = torch.from_numpy(np.stack([word_tokens("pick up the red mug")]))
    geometry = torch.rand(1, 4, GEOMETRY)
    there = torch.tensor([[True, True, True, False]])
    with torch.inference_mode():
        looks = network.encode(crops)[None]
        logits = network(looks, geometry, there, words)
        order = [2, 0, 1, 3]
        turned = network(looks[:, order], geometry[:, order], there, words)
        other = network(torch.cat([looks[:, :3], 9 * looks[:, 3:]], dim=1), geometry, there, words)
    assert logits[0, 3] == -30.0
    np.testing.assert_allclose(turned[0, :3], logits[0, [2, 0, 1]], atol=1e-5)
    np.testing.assert_allclose(other[0, :3], logits[0, :3], atol=1e-5)


# -- grasp ---------------------------------------------------------------------------------------------------------
def blob(middle: np.ndarray) -> list[np.ndarray]:
    """Return both views of an upright bar on a table."""
    pictures = []
    for calibration in CALIBRATIONS:
        picture = np.full((HEIGHT, WIDTH, 3), (150, 140, 120), np.uint8)
        for height in np.linspace(-0.04, 0.04, 30):
            pixels, _ = project(calibration, np.add(middle, (0.0, 0.0, height))[None])
            shade = (220, 60 + int(1000 * height), 40)
            cv2.circle(picture, np.round(pixels[0]).astype(int).tolist(), 11, shade, -1)
        pictures.append(picture)
    return pictures


def test_a_grasp_of_one_scene_is_learned_to_a_centimetre() -> None:
    middle, point = np.array([0.5, 0.03, 0.08]), np.array([0.506, 0.02, 0.095])
    R = to_rotation(0.8, 0.2, 0.05)
    heading, tilt, slope = to_angles(R)
    pictures = blob(middle)
    windows = [point_window(calibration, middle, EXTENT) for calibration in CALIBRATIONS]
    crops = torch.from_numpy(np.stack([w.cut(p, CROP) for w, p in zip(windows, pictures, strict=True)]))[None]
    network = GraspNetwork(16, 48)
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3)
    bins = torch.from_numpy(soft_bins(heading, tilt))
    random = np.random.default_rng(0)
    for _ in range(70):
        points = np.concatenate(
            [
                point + 0.003 * random.normal(size=(4, 3)),
                point + 0.015 * random.normal(size=(60, 3)),
                middle + (0.10, 0.10, 0.075) * random.uniform(-1, 1, size=(140, 3)),
            ]
        )
        wanted = np.exp(-0.5 * ((points - point) ** 2).sum(axis=1) / 0.01**2)
        places = []
        for calibration, window in zip(CALIBRATIONS, windows, strict=True):
            pixels, _ = project(calibration, points)
            places.append(2.0 * (pixels + 0.5 - (window.x, window.y)) / window.side - 1.0)
        known = network.query(
            network.encode(crops),
            torch.from_numpy(np.stack(places))[None].float(),
            torch.from_numpy(points - middle)[None].float(),
            torch.full((1, 3), torch.nan),
        )
        angles, numbers = network.turn(known[:, :4])
        loss = 4.0 * torch.nn.functional.binary_cross_entropy_with_logits(
            network.judge(known)[0], torch.from_numpy(wanted).float()
        )
        loss = loss - 0.3 * (bins * angles.log_softmax(dim=2)).sum(dim=2).mean()
        loss = loss + (numbers - torch.tensor([0.5, slope])).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.inference_mode():
        found = find_grasp(network, pictures, CALIBRATIONS, middle, np.full(3, np.nan), 0.08)
        narrow = find_grasp(network, pictures, CALIBRATIONS, middle, np.full(3, np.nan), 0.035)
    assert 1000 * np.linalg.norm(found.point - point) < 10.0
    assert np.degrees(np.arccos((np.trace(R.T @ found.rotations[0]) - 1) / 2)) < 15.0
    assert found.opening == pytest.approx(0.05, abs=0.01)
    assert narrow.opening == 0.035  # what the gripper opens to


# -- action expert ----------------------------------------------------------------------------------------------------
def test_velocity_leads_to_the_clean_chunk_and_every_token_matters() -> None:
    expert = ActionExpert(4, 32, 1).eval()
    chain = torch.randn(1, TOKENS, TOKEN_SIZE)
    x, tau = torch.randn(1, 4, 7), torch.tensor([0.4])
    with torch.inference_mode():
        tokens = expert.encode(chain)
        arrived = x + (1.0 - tau) * expert(x, tau, tokens)
        np.testing.assert_allclose(arrived, expert.clean(x, tau, tokens), atol=1e-5)
        for i in range(TOKENS):
            other = chain.clone()
            other[:, i] += 1.0
            assert (expert(x, tau, expert.encode(other)) - expert(x, tau, tokens)).abs().max() > 1e-4


def test_an_expert_that_lacks_a_step_sees_nothing_of_it_and_all_else() -> None:
    torch.manual_seed(0)
    state = ChainState(
        target=np.array([0.5, 0.1, 0.05]), T_base_ee=np.diag([1.0, -1.0, -1.0, 1.0]), width=0.06, moved=np.zeros(3),
        width_moved=0.0, T_base_grasp=np.diag([1.0, -1.0, -1.0, 1.0]), opening=0.07, closing=False, since_closing=9,
        since_opening=9,
    )  # fmt: skip
    shifted = np.diag([1.0, -1.0, -1.0, 1.0])
    shifted[:3, 3] = 0.05
    changes = {"grasp": {"T_base_grasp": shifted, "opening": 0.03}, "boxes": {"target": np.array([0.4, 0.1, 0.05])}}
    for left_out, without in changes.items():
        expert = ActionExpert(conditioning=[step for step in REASONING_STEPS if step != left_out])

        def encoded(expert: ActionExpert = expert, **change: object) -> torch.Tensor:
            return expert.encode(torch.from_numpy(chain_numbers(replace(state, **change)))[None])

        others = [change for step, change in changes.items() if step != left_out]
        for change in (*others, {"width": 0.01}, {"closing": True}, {"moved": np.full(3, 0.02)}):
            assert not torch.equal(encoded(**change), encoded()), (left_out, change)
        assert torch.equal(encoded(**without), encoded())
        # Where the fingers closed is remembered, not found.
        remembered = torch.equal(encoded(closing=True, T_base_grasp=shifted), encoded(closing=True))
        assert not remembered
        assert torch.equal(encoded(closing=True, target=changes["boxes"]["target"]), encoded(closing=True)) == (
            left_out == "boxes"
        )
