# SPDX-License-Identifier: Apache-2.0
"""How the small GR-3 grasps what is meant: numbers of the way there, and when there is a grasp to come at all."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from scipy.spatial.transform import Rotation
from tiny.gr3 import CONFIG, ROBOT, calibration, network, painted, seen

from vla_ros.policies.backbone.view_geometry import project
from vla_ros.policies.gr3.small.checkpoint import small_policy
from vla_ros.policies.gr3.small.grasp_finder import GraspFinder, Meant
from vla_ros.policies.gr3.small.grasp_numbers import GRASP_NUMBERS, OF_TOOL, grasp_numbers
from vla_ros.policies.gr3.small.thing_numbers import THING_NUMBERS, VIEWS, thing_numbers, tool_poses
from vla_ros.policies.grasp_finding.any_views import AnyViewsGrasp, TheseViews
from vla_ros.policies.grasp_finding.grasp_network import CROP
from vla_ros.policies.observation import EndEffectorState, Observation, RobotState

pytestmark = pytest.mark.usefixtures("threads_as_before")

TOOLS_AT = tool_poses(np.array([[0.5, 0.25, 0.9, 1.0, 0.0, 0.0, 0.0], [0.5, -0.25, 0.9, 1.0, 0.0, 0.0, 0.0]]))
THING = np.array([0.52, 0.1, 0.74])


def pose(place: np.ndarray, heading: float = 0.0) -> np.ndarray:
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    T[:3, :3] = Rotation.from_rotvec([0.0, 0.0, heading]).as_matrix() @ T[:3, :3]
    T[:3, 3] = place
    return T


def numbers(T: np.ndarray, known: bool = True) -> np.ndarray:
    return grasp_numbers(T[None], np.array([0.06]), TOOLS_AT[None], np.array([known]))[0]


def test_each_tool_is_told_its_way_along_the_bases_axes():
    near = TOOLS_AT[0, :3, 3] + (0.01, -0.02, 0.0)
    said = numbers(pose(near))
    np.testing.assert_allclose(said[3:6], np.array([0.01, -0.02, 0.0]) / 0.03, atol=1e-6)
    np.testing.assert_allclose(said[6:9], 0.0, atol=1e-6)
    assert said[OF_TOOL + 1] > said[1]  # the right tool is further to the right
    assert said[-1] == 1.0
    np.testing.assert_allclose(said[-2], 25.0 * 0.06)
    assert not numbers(pose(near), known=False).any()


def test_a_grasp_turned_by_half_a_turn_is_the_same_grasp():
    T = pose(THING, 0.4)
    other = T.copy()
    other[:3, :2] *= -1.0
    np.testing.assert_allclose(numbers(T), numbers(other), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(numbers(T)[6:9]), 0.4, atol=1e-5)


@pytest.fixture(scope="module")
def grasps() -> AnyViewsGrasp:
    torch.manual_seed(1)
    return AnyViewsGrasp(VIEWS, size=8, width=16).eval()


def asked(net: AnyViewsGrasp, crops: torch.Tensor, places: torch.Tensor, shown: list[bool]) -> torch.Tensor:
    seen_crops = net.encode(crops[None], torch.arange(len(shown)), torch.tensor([shown]))
    points = torch.zeros(1, places.shape[2], 3)
    with torch.inference_mode():
        return net.judge(net.query(seen_crops, places, points, torch.zeros(1, 3)))


def test_a_view_that_does_not_show_the_thing_says_nothing(grasps: AnyViewsGrasp):
    rng = torch.Generator().manual_seed(0)
    crops = torch.randint(256, (3, CROP, CROP, 3), generator=rng).to(torch.uint8)
    places = torch.rand(1, 3, 5, 2, generator=rng) - 0.5
    changed = crops.clone()
    changed[2] = 0
    hidden, other = (asked(grasps, one, places, [True, True, False]) for one in (crops, changed))
    torch.testing.assert_close(hidden, other)
    assert not torch.allclose(asked(grasps, crops, places, [True] * 3), asked(grasps, changed, places, [True] * 3))


def test_of_a_point_beyond_a_crop_its_view_says_nothing_but_its_summary(grasps: AnyViewsGrasp):
    rng = torch.Generator().manual_seed(0)
    crops = torch.randint(256, (2, CROP, CROP, 3), generator=rng).to(torch.uint8)
    places = torch.rand(1, 2, 4, 2, generator=rng) - 0.5
    places[0, 1, 0] = 1.5
    further = places.clone()
    further[0, 1, 0] = 4.0
    torch.testing.assert_close(asked(grasps, crops, places, [True] * 2), asked(grasps, crops, further, [True] * 2))


def meant_at(place: np.ndarray, views: tuple[int, ...], logit: float = 2.0) -> list[Meant]:
    calibrations = [calibration(name) for name in CONFIG.acting.cameras]
    found = []
    for view in views:
        pixel = project(calibrations[view], place[None])[0][0]
        box = np.array([*(pixel - 20), *(pixel + 20)])
        boxes = [box[None] if v == view else np.zeros((0, 4)) for v in range(VIEWS)]
        own = thing_numbers(boxes, [(640, 480)] * VIEWS, calibrations, TOOLS_AT, 0.7)[view][0]
        found.append(Meant(view, box, own, logit))
    return found


@pytest.fixture
def finder(grasps: AnyViewsGrasp) -> GraspFinder:
    return GraspFinder(grasps, surface=0.7, opening_max=0.09)


def find(finder: GraspFinder, meant: list[Meant], holding: bool = False) -> np.ndarray:
    pictures = [painted(0)[0]] * VIEWS
    calibrations = [calibration(name) for name in CONFIG.acting.cameras]
    return finder.numbers(meant, pictures, calibrations, TOOLS_AT, holding)


def test_a_grasp_is_looked_for_around_what_is_meant(finder: GraspFinder):
    said = find(finder, meant_at(THING, (0,)))
    assert said.shape == (GRASP_NUMBERS,)
    assert said[-1] == 1.0
    assert finder.found is not None
    # One view alone: where its line comes to 3 cm above the surface, and a grid around that.
    assert np.abs(finder.found.point - THING).max() < 0.13
    assert 0.03 <= finder.found.opening <= 0.09


@pytest.mark.parametrize(
    ("meant", "holding"), [([], False), (meant_at(THING, (0, 1), logit=-1.0), False), (meant_at(THING, (0, 1)), True)]
)
def test_without_a_thing_that_is_meant_and_free_to_take_there_is_none(finder: GraspFinder, meant, holding):
    find(finder, meant_at(THING, (0,)))
    assert not find(finder, meant, holding).any()
    assert finder.found is None


def test_a_thing_out_of_every_picture_has_none(finder: GraspFinder):
    assert not find(finder, [Meant(0, np.array([-4000.0, 0, -3990.0, 10]), np.zeros(THING_NUMBERS), 3.0)]).any()


def test_these_views_are_asked_as_the_search_asks(grasps: AnyViewsGrasp):
    crops = torch.zeros(1, 2, CROP, CROP, 3, dtype=torch.uint8)
    these = TheseViews(grasps, torch.tensor([0, 2]))
    known = these.query(these.encode(crops), torch.zeros(1, 2, 7, 2), torch.zeros(1, 7, 3), torch.zeros(1, 3))
    assert these.judge(known).shape == (1, 7)
    assert these.turn(known)[1].shape == (1, 7, 2)


def test_the_policy_tells_its_transformer_and_not_while_fingers_are_closed():
    tiny = network(moved=True)
    with torch.no_grad():
        tiny.backbone.matching.score[-1].bias += 30.0  # everything is meant
    reader = small_policy(tiny, CONFIG, ROBOT)._reader
    open_hands = seen()
    beside = reader.read(open_hands).beside
    assert beside[-1] == 1.0
    closed = {name: EndEffectorState(width=0.0) for name in open_hands.commanded.end_effectors}
    state = open_hands.commanded
    told = RobotState(state.stamp, state.arms, closed, {}, state.base)
    held = Observation(open_hands.stamp, open_hands.instruction, open_hands.cameras, open_hands.state, told)
    assert not reader.read(held).beside.any()
