# SPDX-License-Identifier: Apache-2.0
"""What has not changed is not looked at again; what has changed is, however slowly."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from vla_ros.policies.backbone.look_memory import CHANGED, LookMemory
from vla_ros.policies.backbone.network import Backbone

BOXES = np.array([[40.0, 60.0, 140.0, 160.0], [200.0, 90.0, 260.0, 220.0], [400.0, 300.0, 520.0, 420.0]])


class Watched:
    """A backbone, and how many crops it was asked to look at since it was last asked how many."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        torch.manual_seed(3)
        self.backbone = (
            Backbone(categories=4, colors=3, width=8, size=16, trunk_width=0.25).eval().requires_grad_(False)
        )
        self.memory = LookMemory()
        self._count, encode = 0, self.backbone.matching.encode

        def counted(crops: torch.Tensor) -> torch.Tensor:
            self._count += len(crops)
            return encode(crops)

        monkeypatch.setattr(self.backbone.matching, "encode", counted)

    def look(self, pictures: list[np.ndarray], boxes: np.ndarray = BOXES, fresh: bool = False) -> torch.Tensor:
        memory = None if fresh else self.memory
        return self.backbone.look(pictures, [(boxes, np.ones(3)), (boxes[:2], np.ones(2))], memory=memory).looks[0]

    def looked(self) -> int:
        count, self._count = self._count, 0
        return count


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


def table(seed: int = 0) -> list[np.ndarray]:
    """Return two pictures of coarse patches: as a camera sees things, not noise."""
    rng = np.random.default_rng(seed)
    return [rng.integers(20, 200, (24, 32, 3), dtype=np.uint8).repeat(20, axis=0).repeat(20, axis=1) for _ in range(2)]


def test_what_stands_still_is_looked_at_once(watched: Watched) -> None:
    first = watched.look(table())
    assert watched.looked() == 5
    noise = np.random.default_rng(1).normal(0.0, 3.0, (2, 480, 640, 3))
    noisy = [np.clip(picture + more, 0, 255).astype(np.uint8) for picture, more in zip(table(), noise, strict=True)]
    again = watched.look(noisy, BOXES + np.array([2.0, -1.0, 3.0, 0.0]))
    assert watched.looked() == 0
    assert torch.equal(first, again)


def test_what_changes_is_looked_at_again_and_nothing_else(watched: Watched) -> None:
    before = watched.look(table())
    watched.looked()
    pictures = table()
    pictures[0][100:140, 60:90] = 255  # an arm comes over the first thing, in one view
    pictures[1][300:400, 420:500] = 255  # and where that view has no box
    after = watched.look(pictures)
    assert watched.looked() == 1
    assert torch.equal(after[1:], before[1:])
    torch.testing.assert_close(after, watched.look(pictures, fresh=True))


def test_a_thing_that_moves_is_looked_at_again(watched: Watched) -> None:
    watched.look(table())
    watched.looked()
    moved = BOXES.copy()
    moved[0] += 15.0
    watched.look(table(), moved)
    assert watched.looked() == 2  # in both views


def test_a_slow_change_is_seen_before_it_is_large(watched: Watched) -> None:
    watched.look(table())
    watched.looked()
    for brighter in range(1, 4 * CHANGED):
        pictures = [picture + np.uint8(brighter) for picture in table()]
        watched.look(pictures)
        if watched.looked():
            break
    assert brighter == CHANGED + 1


def test_a_moving_camera_looks_at_a_few_again_each_time_and_at_all_in_turn(watched: Watched) -> None:
    watched.memory = LookMemory(fresh=2)
    first = watched.look(table())
    assert watched.looked() == 5, "what was never seen is looked at, however much it is"
    shown = []
    for step in range(1, 4):  # the pictures move by 12 px and get brighter, and the things with them
        shift = 12 * step
        pictures = [np.roll(picture + np.uint8(10 * step), shift, axis=1) for picture in table()]
        now = watched.look(pictures, BOXES + np.array([shift, 0.0, shift, 0.0]))
        assert watched.looked() == 2
        shown.append({row for row in range(5) if not torch.equal(now[row], first[row])})
    assert set.union(*shown) == set(range(5))
    assert len(shown[0]) == 2, "the others keep the look that they had"


def test_what_comes_into_view_is_looked_at_before_what_was_seen(watched: Watched) -> None:
    watched.memory = LookMemory(fresh=1)
    watched.look(table())
    watched.looked()
    elsewhere = BOXES + np.array([15.0, 0.0, 15.0, 0.0])
    elsewhere[0] = [300.0, 20.0, 380.0, 90.0]
    watched.look([np.roll(picture, 15, axis=1) for picture in table()], elsewhere)
    assert watched.looked() == 2, "the new thing, in both views"


def test_a_scene_of_its_own_begins_with_nothing_seen(watched: Watched) -> None:
    watched.look(table())
    watched.looked()
    watched.memory.clear()
    watched.look(table())
    assert watched.looked() == 5
    watched.look(table(seed=7))
    assert watched.looked() == 5
