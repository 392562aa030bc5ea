# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scene_making.objects_on_table import box, mixed_scene, scene_of
from scene_making.stepped_tool import SteppedTool
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.criteria import criteria_of
from vla_ros.robots.tools.description import CAGE, PINCH, Tool
from vla_ros.robots.tools.named import load_tool
from vla_ros.sim.candidates.finger_contacts import finger_contacts
from vla_ros.sim.candidates.finger_sampler import cage_candidates, pinch_candidates
from vla_ros.sim.candidates.labels import Labels, label
from vla_ros.sim.candidates.still_scene import StillScene

TOP = 0.08  # [m] of the boxes
BRICK = box("brick", (0.05, 0.02, TOP / 2), (0.5, 0.0))
FIRST = np.array([0])


@pytest.fixture(scope="module")
def hybrid() -> Tool:
    return load_tool("hybrid")


def pick(tool: Tool, yaw: float, width: float, depth: float, place=(0.5, 0.0), height: float = TOP + 0.005):
    """Return one candidate that looks down; at a yaw of 0 the fingers close along the scene's x, the brick's length."""
    active = np.array([[1.0 if name == "cup_2" or "finger" in name else 0.0 for name in tool.names]])
    R = Rotation.from_euler("z", yaw).as_matrix() @ np.diag([1.0, -1.0, -1.0])
    return Candidates(np.array([[*place, height]]), R[None], active, np.array([width]), np.array([depth]))


def scores(labels: Labels, mode: str) -> dict[str, float]:
    names = [criterion.name for criterion in criteria_of(mode)]
    return dict(zip(names, labels.scores[0].tolist(), strict=True))


def test_a_pinch_across_the_narrow_side_holds_and_across_a_corner_does_not(hybrid) -> None:
    still = StillScene.of(scene_of([BRICK]))
    across = label(still, hybrid, PINCH, pick(hybrid, np.pi / 2, 0.06, 0.04), FIRST)
    good = scores(across, PINCH)
    assert good["force_closure"] == good["single_object"] == 1.0
    assert good["pinch_alignment"] > 0.99
    assert good["collision"] == 0.0
    assert good["centre_distance"] > 0.3  # 20 mm above the middle of 80
    assert across.success[0]
    square = box("square", (0.03, 0.03, TOP / 2), (0.5, 0.0))
    corner = label(StillScene.of(scene_of([square])), hybrid, PINCH, pick(hybrid, np.pi / 4, 0.1, 0.04), FIRST)
    bad = scores(corner, PINCH)
    assert bad["collision"] == 0.0
    assert bad["single_object"] == 1.0
    assert bad["force_closure"] == 0.0
    assert bad["pinch_alignment"] < 0.1
    assert not corner.success[0]


def test_fingers_that_are_too_close_land_on_it_and_too_far_ones_meet_nothing(hybrid) -> None:
    still = StillScene.of(scene_of([BRICK]))
    landed = label(still, hybrid, PINCH, pick(hybrid, np.pi / 2, 0.03, 0.04), FIRST)
    assert scores(landed, PINCH)["collision"] == 1.0
    assert not landed.success[0]
    beside = label(still, hybrid, PINCH, pick(hybrid, np.pi / 2, 0.06, 0.04, place=(0.57, 0.0)), FIRST)
    assert scores(beside, PINCH)["single_object"] == scores(beside, PINCH)["pinch_alignment"] == 0.0


def test_a_neighbour_is_met_or_hit(hybrid) -> None:
    close = box("close", (0.05, 0.02, TOP / 2), (0.5, 0.045))  # 5 mm of room: no finger goes between
    hit = label(StillScene.of(scene_of([BRICK, close])), hybrid, PINCH, pick(hybrid, np.pi / 2, 0.06, 0.04), FIRST)
    assert scores(hit, PINCH)["collision"] == 1.0
    between = scene_of([BRICK, box("pin", (0.004, 0.004, TOP / 2), (0.5, 0.03))])
    met = label(StillScene.of(between), hybrid, PINCH, pick(hybrid, np.pi / 2, 0.09, 0.04), FIRST)
    assert scores(met, PINCH)["collision"] == 0.0
    assert scores(met, PINCH)["single_object"] == 0.0
    assert not met.success[0]


def test_friction_says_how_heavy_a_thing_may_be(hybrid) -> None:
    # Held at its centre of mass, lifted at 5 m/s²: 2 μ N = 1.5 m (9.81 + 5).
    heaviest = 2 * 0.6 * 40.0 / (1.5 * 14.81)
    for share, held in ((0.99, True), (1.01, False)):
        thing = box("bar", (0.05, 0.02, TOP / 2), (0.5, 0.0), mass=share * heaviest)
        # The pads' middle, 20 mm above the tips, at the height of the centre of mass.
        middle = pick(hybrid, np.pi / 2, 0.06, 0.06, height=TOP / 2 + 0.04)
        labels = label(StillScene.of(scene_of([thing])), hybrid, PINCH, middle, FIRST)
        assert scores(labels, PINCH)["collision"] == 0.0
        assert bool(labels.success[0]) is held


@pytest.mark.parametrize("name", ["hybrid", "parallel"])
def test_fingers_meet_where_the_simulator_says(name) -> None:
    tool = load_tool(name)
    boxes = [BRICK, box("flat", (0.05, 0.03, 0.02), (0.5, 0.16)), box("post", (0.02, 0.02, 0.05), (0.68, 0.05))]
    scene = scene_of(boxes)
    still, stepped = StillScene.of(scene), SteppedTool(scene, tool)
    drawn, _ = pinch_candidates(still, tool, 150, np.random.default_rng(2))
    contacts = finger_contacts(still, tool, drawn.positions, drawn.rotations, drawn.widths, drawn.depths)
    compared = early = 0
    for row in range(150):
        nearest = contacts.travel[row].min()
        way = 0.5 * (tool.opening - drawn.widths[row])
        position, rotation = drawn.positions[row], drawn.rotations[row]
        stepped.set_fingers(way, drawn.depths[row])
        if not np.isfinite(nearest) or any(stepped.touches(position, rotation)):
            continue
        stepped.set_fingers(way + nearest - 1e-3, drawn.depths[row])
        before = stepped.touches(position, rotation)[0]
        stepped.set_fingers(way + nearest + 1e-3, drawn.depths[row])
        after = stepped.touches(position, rotation)[0]
        compared += 1
        early += before
        assert after, row
    assert compared > 30
    # Rays leave up to 13 mm between them: an edge that comes in askew is met before they do.
    assert early < 0.25 * compared, (early, compared)


def test_a_cage_stands_around_the_object(hybrid) -> None:
    still = StillScene.of(scene_of([BRICK]))

    def caged(width: float, depth: float, yaw: float = np.pi / 2) -> tuple[float, bool]:
        labels = label(still, hybrid, CAGE, pick(hybrid, yaw, width, depth), FIRST)
        assert scores(labels, CAGE)["collision"] == 0.0  # fingers go out after the lift
        assert scores(labels, CAGE)["seal"] > 0.8
        return scores(labels, CAGE)["caging"], bool(labels.success[0])

    close, held = caged(0.044, 0.03)
    assert close > 0.9
    assert held
    assert 0.4 < caged(0.08, 0.03)[0] < 0.7  # 20 mm off on either side
    assert caged(0.03, 0.03)[0] == 0.0  # on it
    shallow, kept = caged(0.044, 0.008)
    assert 0.0 < shallow < 0.5
    assert not kept
    assert caged(0.12, 0.0)[0] == 0.0


@pytest.mark.parametrize(
    ("name", "mode", "draw"),
    [("hybrid", PINCH, pinch_candidates), ("parallel", PINCH, pinch_candidates), ("hybrid", CAGE, cage_candidates)],
)
def test_candidates_are_good_and_bad_ones(name, mode, draw) -> None:
    tool, still = load_tool(name), StillScene.of(mixed_scene())
    candidates, objects = draw(still, tool, 300, np.random.default_rng(4))
    labels = label(still, tool, mode, candidates, objects)
    names = [criterion.name for criterion in criteria_of(mode)]
    assert ((labels.scores >= 0.0) & (labels.scores <= 1.0)).all()
    for column in {"collision", "single_object", "force_closure"} & set(names):
        assert 0.02 < labels.scores[:, names.index(column)].mean() < 0.98, column
    for column in {"centre_distance", "pinch_alignment", "caging"} & set(names):
        assert np.std(labels.scores[:, names.index(column)]) > 0.1, column
    assert 0.0 < labels.success.mean() < 0.8
    assert len(set(objects)) > 10
    assert ((candidates.widths >= 0.0) & (candidates.widths <= tool.opening + 1e-9)).all()
    assert ((candidates.depths >= 0.0) & (candidates.depths <= tool.fingers[0].stroke + 1e-9)).all()
    assert candidates.active[:, len(tool.cups) :].all()
    again, _ = draw(still, tool, 300, np.random.default_rng(4))
    for one, other in zip(vars(candidates).values(), vars(again).values(), strict=True):
        np.testing.assert_array_equal(one, other)
    _, two = draw(still, tool, 60, np.random.default_rng(4), among=[1, 3])
    assert set(two) <= {1, 3}


def test_a_tool_without_fingers_neither_pinches_nor_cages() -> None:
    still, cups = StillScene.of(scene_of([BRICK])), load_tool("quad_cup")
    with pytest.raises(ConfigError, match="no fingers"):
        pinch_candidates(still, cups, 10, np.random.default_rng(0))
    with pytest.raises(ConfigError, match="cups and fingers"):
        cage_candidates(still, load_tool("parallel"), 10, np.random.default_rng(0))
    with pytest.raises(ConfigError, match="suction"):
        label(still, cups, PINCH, pick(cups, 0.0, 0.1, 0.0), FIRST)
