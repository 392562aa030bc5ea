# SPDX-License-Identifier: Apache-2.0
"""Where the object is believed to be: not where two views meet by chance, nor where the hand hides it from one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from scene_making.two_views import FRONT, HEIGHT, SIDE, WIDTH, box_around

from vla_ros.policies.actions.single_arm import SingleArmState
from vla_ros.policies.backbone.crops import box_window
from vla_ros.policies.backbone.look_memory import LookMemory
from vla_ros.policies.backbone.matching import CROP, GEOMETRY
from vla_ros.policies.backbone.network import Answer, Backbone, Looks, Proposed
from vla_ros.policies.backbone.view_geometry import project, ray
from vla_ros.policies.graspvla.small.chain import GripperMemory
from vla_ros.policies.graspvla.small.target_memory import DOUBT, LANDED, LANDED_HIDDEN, TargetMemory
from vla_ros.policies.graspvla.small.target_search import FoundTarget, TargetSearch

CALIBRATIONS = [FRONT, SIDE]
HERE, THERE, FAR = np.array([0.5, 0.0, 0.05]), np.array([0.6, 0.2, 0.05]), np.array([0.3, -0.3, 0.4])
UP = np.array([0.0, 0.0, 1.0])


def found(point: np.ndarray, score: float = 0.95, agreed: float = 0.9, together: float | None = None) -> FoundTarget:
    boxes = tuple(box_around(calibration, point) for calibration in CALIBRATIONS)
    candidates = tuple(np.empty((0, 5)) for _ in CALIBRATIONS)
    return FoundTarget(boxes, candidates, point, score, score if together is None else together, agreed)


def state(tool: np.ndarray, width: float = 0.08) -> SingleArmState:
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    T[:3, 3] = tool
    return SingleArmState(0.0, np.zeros(7), np.zeros(7), T, width)


class FedMemory:
    """A memory, fed chunk after chunk."""

    def __init__(self) -> None:
        self.memory, self.gripper = TargetMemory(), GripperMemory()

    def update(self, seen: FoundTarget | None, tool: np.ndarray = FAR, width: float = 0.08) -> np.ndarray | None:
        """Return where the object is believed to be."""
        now = state(tool, width)
        expected = self.memory.expect(now, self.gripper)
        believed = self.memory.settle(seen, expected, now.T_base_ee[:3, 3], CALIBRATIONS)
        return None if believed is None else believed.middle

    def close(self, tool: np.ndarray) -> None:
        self.gripper.update(0.0, state(tool).T_base_ee)
        self.memory.close()


@pytest.fixture
def fed() -> FedMemory:
    return FedMemory()


def test_what_never_fitted_the_words_is_nowhere(fed: FedMemory) -> None:
    assert fed.update(None) is None
    assert fed.update(found(HERE, score=0.5 * DOUBT)) is None
    assert fed.update(found(HERE, score=0.3, together=0.5 * DOUBT)) is None  # one view's word
    assert fed.update(found(HERE)) is HERE


def test_what_fits_a_little_in_both_views_is_enough_at_a_first_look(fed: FedMemory) -> None:
    assert fed.update(found(HERE, score=DOUBT + 0.02, together=DOUBT + 0.01)) is HERE
    np.testing.assert_array_equal(
        fed.update(found(THERE, score=DOUBT + 0.02, together=DOUBT + 0.01)), HERE
    )  # hidden, not gone


def test_an_object_moves_a_little_at_a_time(fed: FedMemory) -> None:
    fed.update(found(HERE))
    for step in range(1, 8):
        place = HERE + 0.03 * step * np.array([1.0, 0.0, 0.0])
        np.testing.assert_array_equal(fed.update(found(place)), place)


def test_a_leap_is_believed_once_it_was_seen_several_times(fed: FedMemory) -> None:
    fed.update(found(HERE))
    seen = [fed.update(found(THERE)) for _ in range(LANDED)]
    assert [place is THERE for place in seen] == [False] * (LANDED - 1) + [True]
    np.testing.assert_array_equal(seen[0], HERE)


def test_two_leaps_that_take_turns_are_never_believed(fed: FedMemory) -> None:
    fed.update(found(HERE))
    for _ in range(3 * LANDED):
        for place in (THERE, -THERE):
            np.testing.assert_array_equal(fed.update(found(place)), HERE)


def test_one_view_alone_makes_no_leap(fed: FedMemory) -> None:
    fed.update(found(HERE))
    for _ in range(3 * LANDED):
        np.testing.assert_array_equal(fed.update(found(THERE, agreed=0.1)), HERE)


def test_behind_the_hand_a_leap_takes_longer(fed: FedMemory) -> None:
    fed.update(found(HERE))
    above = HERE + 0.08 * UP
    seen = [fed.update(found(THERE), above) is THERE for _ in range(LANDED_HIDDEN)]
    assert seen == [False] * (LANDED_HIDDEN - 1) + [True]


def test_hidden_it_is_where_it_was(fed: FedMemory) -> None:
    fed.update(found(HERE))
    np.testing.assert_array_equal(fed.update(None), HERE)
    np.testing.assert_array_equal(fed.update(found(THERE, score=0.02)), HERE)


def test_what_the_fingers_hold_goes_with_them(fed: FedMemory) -> None:
    fed.update(found(HERE))
    fed.close(HERE)
    up = 0.2 * UP
    np.testing.assert_allclose(fed.update(found(HERE + up + 0.01), HERE + up, 0.03), HERE + up, atol=1e-12)
    np.testing.assert_allclose(fed.update(None, HERE + 2 * up, 0.03), HERE + 2 * up, atol=1e-12)
    # Fingers that are closed on nothing carry nothing.
    np.testing.assert_allclose(fed.update(None, HERE, 0.0), HERE + 2 * up, atol=1e-12)


def test_that_another_one_is_held_is_believed_after_a_while(fed: FedMemory) -> None:
    fed.update(found(HERE))
    fed.close(HERE)
    held = HERE + 0.25 * UP
    fed.update(None, held, 0.03)
    seen = [fed.update(found(THERE), held, 0.03) is THERE for _ in range(LANDED)]
    assert seen == [False] * (LANDED - 1) + [True]


def test_what_fingers_only_seemed_to_hold_is_where_it_was(fed: FedMemory) -> None:
    fed.update(found(HERE))
    fed.close(HERE)
    up = HERE + 0.2 * UP
    np.testing.assert_allclose(fed.update(None, up, 0.01), up, atol=1e-12)
    fed.gripper.update(0.08, state(up).T_base_ee)
    fed.memory.open([state(up, 0.0), state(up, 0.03)])
    np.testing.assert_array_equal(fed.update(None, up), HERE)


def test_what_was_held_is_left_where_the_fingers_opened(fed: FedMemory) -> None:
    fed.update(found(HERE))
    fed.close(HERE)
    up = HERE + 0.2 * UP
    fed.update(None, up, 0.03)
    fed.gripper.update(0.08, state(up).T_base_ee)
    fed.memory.open([state(up, 0.03), state(up, 0.05)])
    np.testing.assert_allclose(fed.update(None, up), up, atol=1e-12)


def test_half_hidden_it_stays_where_both_views_saw_it(fed: FedMemory) -> None:
    fed.update(found(HERE))
    aside = HERE + 0.03
    np.testing.assert_array_equal(fed.update(found(aside, agreed=0.3)), HERE)
    np.testing.assert_array_equal(fed.update(found(aside, agreed=0.8)), aside)


class SureOfOneView(Backbone):
    """A backbone that knows the object by its colour: white in a black picture."""

    def __init__(self) -> None:
        super().__init__(categories=1, colors=1, width=8, size=8)

    def look(
        self,
        pictures: Sequence[np.ndarray],
        proposed: Proposed,
        calibrations: Sequence[np.ndarray] | None = None,
        memory: LookMemory | None = None,
    ) -> Looks:
        middles = [
            box_window(one).cut(picture, CROP)[28:36, 28:36].mean() / 255.0
            for picture, (boxes, _) in zip(pictures, proposed, strict=True)
            for one in boxes
        ]
        shown = torch.tensor(middles)[None, :, None]
        return Looks(shown, torch.zeros(1, len(middles), GEOMETRY), tuple(len(boxes) for boxes, _ in proposed))

    def ask(self, looks: Looks, words: np.ndarray) -> Answer:
        logits = (12.0 * looks.looks[0, :, 0] - 6.0).numpy()
        return Answer(tuple(np.split(logits, np.cumsum(looks.counts)[:-1])), ())


def test_a_view_that_misses_it_is_asked_along_the_others_line_of_sight() -> None:
    pictures = []
    for calibration in CALIBRATIONS:
        picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        x1, y1, x2, y2 = box_around(calibration, HERE, 12.0).round().astype(int)
        picture[y1:y2, x1:x2] = 255
        pictures.append(picture)
    right, wrong = box_around(FRONT, HERE), box_around(SIDE, THERE)
    proposed = [(right[None], np.ones(1)), (wrong[None], np.ones(1))]
    search = TargetSearch(SureOfOneView())
    target = search.find(pictures, CALIBRATIONS, proposed, np.ones((1, 260), np.float32))
    assert target is not None
    assert target.agreed > 0.9
    assert np.linalg.norm(target.middle - HERE) < 0.03
    assert len(target.candidates[0]) == 1  # only the other view was searched
    assert len(target.candidates[1]) > 1


def test_a_box_that_nobody_proposed_must_fit_better_by_far() -> None:
    pictures = [np.zeros((HEIGHT, WIDTH, 3), np.uint8) for _ in CALIBRATIONS]
    proposed = [(box_around(calibration, HERE)[None], np.ones(1)) for calibration in CALIBRATIONS]
    x1, y1, x2, y2 = proposed[0][0][0].round().astype(int)
    pictures[0][y1:y2, x1:x2] = 255
    pictures[1][:] = 30  # fits hardly better all along the line of sight than here
    x1, y1, x2, y2 = box_around(SIDE, HERE).round().astype(int)
    pictures[1][y1:y2, x1:x2] = 10
    search = TargetSearch(SureOfOneView())
    target = search.find(pictures, CALIBRATIONS, proposed, np.ones((1, 260), np.float32))
    assert target is not None
    assert len(target.candidates[1]) == 1
    np.testing.assert_allclose(target.middle, HERE, atol=1e-3)


def test_a_view_that_likes_one_box_less_badly_than_all_others_agrees() -> None:
    # As with a noun nobody knows: nothing fits well, one box by far better than the others.
    pictures, proposed = [], []
    for calibration in CALIBRATIONS:
        picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        x1, y1, x2, y2 = box_around(calibration, HERE).round().astype(int)
        picture[y1:y2, x1:x2] = 64  # logit -3, the others' is -6
        pictures.append(picture)
        proposed.append((np.stack([box_around(calibration, place) for place in (HERE, THERE)]), np.ones(2)))
    search = TargetSearch(SureOfOneView())
    target = search.find(pictures, CALIBRATIONS, proposed, np.ones((1, 260), np.float32))
    assert target is not None
    assert target.together <= target.score < 0.1
    assert target.agreed > 0.8
    np.testing.assert_allclose(target.middle, HERE, atol=1e-3)


@pytest.mark.parametrize(("brightness", "chosen"), [(160, THERE), (100, HERE)])
def test_what_was_chosen_in_vain_gives_way_to_what_fits_nearly_as_well(brightness: int, chosen: np.ndarray) -> None:
    pictures, proposed = [], []
    for calibration in CALIBRATIONS:
        picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        for place, shade in ((HERE, 180), (THERE, brightness)):
            x1, y1, x2, y2 = box_around(calibration, place).round().astype(int)
            picture[y1:y2, x1:x2] = shade
        pictures.append(picture)
        proposed.append((np.stack([box_around(calibration, place) for place in (HERE, THERE)]), np.ones(2)))
    search = TargetSearch(SureOfOneView())

    def middle() -> np.ndarray:
        target = search.find(pictures, CALIBRATIONS, proposed, np.ones((1, 260), np.float32))
        assert target is not None
        return target.middle

    np.testing.assert_allclose(middle(), HERE, atol=1e-3)
    search.rejected = [HERE]
    np.testing.assert_allclose(middle(), chosen, atol=1e-3)
    search.reset()
    np.testing.assert_allclose(middle(), HERE, atol=1e-3)


def test_what_the_hand_has_taken_stood_where_it_was_taken(fed: FedMemory) -> None:
    fed.update(found(HERE))
    assert fed.memory.place_before_taken(closing=False) is HERE
    fed.close(HERE)
    fed.update(found(FAR), tool=FAR, width=0.03)
    assert fed.memory.place_before_taken(closing=True) is HERE
    assert TargetMemory().place_before_taken(closing=False) is None


def test_what_one_view_sees_three_times_as_tall_is_another_thing() -> None:
    origin, direction = ray(FRONT, project(FRONT, HERE[None])[0][0])
    nearer = origin + 0.6 * (HERE - origin) @ direction * direction  # where the line of sight meets something else
    pictures = [np.zeros((HEIGHT, WIDTH, 3), np.uint8) for _ in CALIBRATIONS]
    proposed = [
        (box_around(FRONT, HERE)[None], np.ones(1)),
        (np.stack([box_around(SIDE, HERE), box_around(SIDE, nearer, 60.0)]), np.ones(2)),
    ]
    for picture, (boxes, _) in zip(pictures, proposed, strict=True):
        for brightness, one in zip((180, 200), boxes, strict=False):  # the wrong one fits the words a little better
            x1, y1, x2, y2 = one.round().astype(int)
            picture[y1:y2, x1:x2] = brightness
    target = TargetSearch(SureOfOneView()).find(pictures, CALIBRATIONS, proposed, np.ones((1, 260), np.float32))
    assert target is not None
    np.testing.assert_allclose(target.middle, HERE, atol=1e-3)
