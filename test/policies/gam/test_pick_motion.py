# SPDX-License-Identifier: Apache-2.0
"""A pick's phases on an arm that does what it is told: where the tool goes, when cups suck, how it ends."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import TaskStatus
from controllers.errors import ConfigError
from vla_ros.policies.gam.pick_motion import Pick, PickConfig, PickMotion, PickPhase
from vla_ros.policies.observation import ArmState, EndEffectorState, Observation, RobotState
from vla_ros.robots.tools.named import load_tool

OVER = 0.4
DOWN = np.diag([1.0, -1.0, -1.0])


def pose(x: float, y: float, z: float) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = DOWN, (x, y, z)
    return T


class Cell:
    """The arm of a tool that goes where chunks say; cups seal at a height."""

    def __init__(self, tool: str, surface: float = 0.05) -> None:
        self.tool, self.surface = load_tool(tool), surface
        self.motion = PickMotion(self.tool, "arm", "base")
        self.T, self.stamp, self.values = pose(0.4, 0.0, 0.5), 0.0, {}
        self.sealed: dict[str, bool] = {}
        self.loses_at: float | None = None
        self.held: float | None = None  # [m] across what is between fingers; None: nobody measures
        self.visited: list[tuple[PickPhase, np.ndarray, dict[str, float]]] = []

    def observe(self) -> Observation:
        arm = ArmState((), np.zeros(0), np.zeros(0), self.T)
        near = self.T[2, 3] < self.surface + 0.002
        for cup in self.tool.cups:  # what has sealed stays so until it is switched off
            on = bool(self.values.get(f"{cup.name}/suction", 0.0))
            fell = self.loses_at is not None and self.T[1, 3] < self.loses_at and not near
            self.sealed[cup.name] = on and not fell and (near or self.sealed.get(cup.name, False))
        effectors = {"cups": EndEffectorState(sealed=dict(self.sealed))}
        if self.held is not None:
            told = self.values.get("fingers/width", self.tool.opening)
            effectors["fingers"] = EndEffectorState(width=max(told, self.held))
        state = RobotState(self.stamp, {"arm": arm}, effectors)
        return Observation(self.stamp, "", {}, state, state)

    def run(self, pick: Pick, most: int = 60) -> TaskStatus:
        self.motion.begin(pick, self.stamp)
        for _ in range(most):
            chunk = self.motion.next(self.observe(), OVER)
            self.values = {name: chunk.values[-1, n] for n, name in enumerate(chunk.channels)}
            for row in range(len(chunk.times)):
                T = np.eye(4)
                T[:3, 3], T[:3, :3] = (
                    chunk.positions("arm")[row],
                    Rotation.from_quat(chunk.quaternions("arm")[row]).as_matrix(),
                )
                self.visited.append((self.motion.phase, T, self.values))
                self.T = T
            self.stamp += chunk.duration
            if self.motion.finished:
                return self.motion.next(self.observe(), OVER).status
        raise AssertionError(f"still {self.motion.phase}")


def test_between_picks_it_waits_where_it_is_for_further_frames():
    cell = Cell("seven_piston")
    chunk = cell.motion.wait(cell.observe())
    assert chunk.status is TaskStatus.ONGOING  # nothing is given up yet
    assert len(chunk.times) == 1
    np.testing.assert_allclose(chunk.positions("arm")[0], cell.T[:3, 3])
    assert not any(chunk.values[0, n] for n, name in enumerate(chunk.channels) if name.endswith("suction"))


def test_a_tool_that_has_almost_arrived_when_it_takes_goes_on_to_its_goal():
    cell, goal = Cell("seven_piston"), pose(0.45, 0.2, 0.05)
    cell.motion.begin(Pick("suction", goal, {"cup_1": 0.012}), cell.stamp)
    cell.T = pose(0.45, 0.2, goal[2, 3] + cell.motion.config.before)
    cell.motion.next(cell.observe(), OVER)
    assert cell.motion.phase is PickPhase.DOWN
    cell.T = pose(0.45, 0.2, goal[2, 3] + 0.003)  # asked before the last chunk has been carried out
    chunk = cell.motion.next(cell.observe(), OVER)
    assert cell.motion.phase is PickPhase.TAKE
    np.testing.assert_allclose(chunk.positions("arm")[-1], goal[:3, 3], atol=1e-9)


def test_it_goes_over_everything_takes_and_puts_down():
    cell = Cell("seven_piston")
    place = pose(0.4, -0.2, 0.08)
    over = pose(0.4, -0.2, OVER)
    pick = Pick("suction", pose(0.45, 0.2, 0.05), {"cup_1": 0.01}, T_base_over=over, T_base_place=place)
    assert cell.run(pick) is TaskStatus.TERMINATED
    assert [phase for phase in dict.fromkeys(phase for phase, _, _ in cell.visited)] == [
        PickPhase.OVER, PickPhase.DOWN, PickPhase.TAKE, PickPhase.LIFT, PickPhase.CARRY, PickPhase.LOWER,
        PickPhase.RELEASE, PickPhase.LEAVE, PickPhase.DONE,
    ]  # fmt: skip
    sideways = [T[2, 3] for phase, T, _ in cell.visited if phase is PickPhase.CARRY and -0.15 < T[1, 3] < 0.15]
    assert sideways
    assert min(sideways) > OVER - 0.01  # nothing is crossed low
    lowest = {phase: min(T[2, 3] for p, T, _ in cell.visited if p is phase) for phase, _, _ in cell.visited}
    assert lowest[PickPhase.DOWN] == pytest.approx(0.05, abs=0.003)
    assert lowest[PickPhase.LOWER] == pytest.approx(0.08, abs=0.003)
    for phase, _, values in cell.visited:
        holding = phase in (PickPhase.TAKE, PickPhase.LIFT, PickPhase.CARRY, PickPhase.LOWER)
        assert values["cup_1/suction"] == float(holding)
        assert values["cup_2/suction"] == values["cup_2/depth"] == 0.0
        if phase in (PickPhase.DOWN, PickPhase.TAKE):
            assert values["cup_1/depth"] == pytest.approx(0.01 + PickConfig().press)


def test_speed_stays_within_what_is_configured():
    cell = Cell("seven_piston")
    cell.run(Pick("suction", pose(0.45, 0.2, 0.05), {"cup_1": 0.0}, T_base_over=pose(0.4, -0.2, OVER)))
    steps = [np.linalg.norm(b[1][:3, 3] - a[1][:3, 3]) for a, b in zip(cell.visited, cell.visited[1:], strict=False)]
    config = PickConfig()
    assert max(steps) <= config.carry_speed * config.period + 1e-6


def test_what_does_not_seal_is_missed_and_said_so():
    cell = Cell("seven_piston", surface=-1.0)
    assert cell.run(Pick("suction", pose(0.45, 0.2, 0.05), {"cup_1": 0.0})) is TaskStatus.INVALID
    assert cell.motion.phase is PickPhase.MISSED
    # Out of the cameras' view, where it came from, and up before it went there.
    np.testing.assert_allclose(cell.T, pose(0.4, 0.0, 0.5), atol=0.005)
    aside = [T[2, 3] for phase, T, _ in cell.visited if phase is PickPhase.AWAY and abs(T[1, 3] - 0.1) < 0.05]
    assert aside
    assert min(aside) > OVER - 0.01


def test_what_falls_off_on_the_way_is_noticed():
    cell = Cell("seven_piston")
    cell.loses_at = 0.0  # [m] along y
    pick = Pick("suction", pose(0.45, 0.2, 0.05), {"cup_1": 0.0}, T_base_over=pose(0.4, -0.2, OVER))
    assert cell.run(pick) is TaskStatus.INVALID
    assert PickPhase.CARRY in {phase for phase, _, _ in cell.visited}


@pytest.mark.parametrize(("held", "status"), [(0.04, "TERMINATED"), (0.0, "INVALID"), (None, "TERMINATED")])
def test_fingers_that_close_on_nothing_have_missed(held, status):
    cell = Cell("parallel")
    cell.held = held
    pick = Pick("pinch", pose(0.45, 0.2, 0.05), {}, width=0.06, T_base_over=pose(0.4, -0.2, OVER))
    assert cell.run(pick) is TaskStatus[status]
    assert (PickPhase.CARRY in {phase for phase, _, _ in cell.visited}) == (status == "TERMINATED")


def test_fingers_open_before_close_on_it_and_a_cage_comes_after_the_lift():
    cell = Cell("hybrid")
    cell.run(Pick("pinch", pose(0.45, 0.2, 0.05), {}, width=0.06, depth=0.04, T_base_over=pose(0.4, -0.2, OVER)))
    widths = {phase: values["fingers/width"] for phase, _, values in cell.visited}
    assert widths[PickPhase.DOWN] == pytest.approx(0.06)
    assert widths[PickPhase.TAKE] == widths[PickPhase.CARRY] == 0.0
    assert all(values["cup_1/suction"] == 0.0 for _, _, values in cell.visited)
    cell = Cell("hybrid")
    cage = Pick("cage", pose(0.45, 0.2, 0.05), {"cup_1": 0.0}, width=0.08, depth=0.05)
    cage = Pick(**{**vars(cage), "T_base_over": pose(0.4, -0.2, OVER)})
    cell.run(cage)
    depths = {phase: values["fingers/depth"] for phase, _, values in cell.visited}
    assert depths[PickPhase.LIFT] == 0.0
    assert depths[PickPhase.AROUND] == depths[PickPhase.CARRY] == pytest.approx(0.05)
    widths = {phase: values["fingers/width"] for phase, _, values in cell.visited}
    assert widths[PickPhase.AROUND] == pytest.approx(load_tool("hybrid").opening)  # out first, then to what is held
    assert widths[PickPhase.CAGE] == widths[PickPhase.CARRY] == pytest.approx(0.08)
    still = [T for phase, T, _ in cell.visited if phase in (PickPhase.AROUND, PickPhase.CAGE)]
    assert np.ptp([T[:3, 3] for T in still], axis=0).max() < 1e-3


@pytest.mark.parametrize(("mode", "cups"), [("pinch", {}), ("cage", {"cup_1": 0.0})])
def test_fingers_let_go_where_they_are_and_go_in_as_the_tool_leaves(mode, cups):
    cell = Cell("hybrid")
    over, place = pose(0.4, -0.2, OVER), pose(0.4, -0.2, 0.06)
    cell.run(Pick(mode, pose(0.45, 0.2, 0.05), cups, 0.06, 0.04, T_base_over=over, T_base_place=place))
    told = {phase: (values["fingers/width"], values["fingers/depth"]) for phase, _, values in cell.visited}
    assert told[PickPhase.LOWER] == pytest.approx((0.0 if mode == "pinch" else 0.06, 0.04))
    open_width = 0.06 if mode == "pinch" else load_tool("hybrid").opening
    assert told[PickPhase.RELEASE] == pytest.approx((open_width, 0.04))
    assert told[PickPhase.LEAVE] == told[PickPhase.DONE] == pytest.approx((open_width, 0.0))


def test_what_the_tool_has_not_is_refused_in_one_line():
    motion = PickMotion(load_tool("single_cup"), "arm", "base")
    with pytest.raises(ConfigError, match="knows no mode 'pinch': suction"):
        motion.begin(Pick("pinch", np.eye(4), {}), 0.0)
    with pytest.raises(ConfigError, match="has no cup 'cup_9': cup_1"):
        motion.begin(Pick("suction", np.eye(4), {"cup_9": 0.0}), 0.0)
    for speed in (0.0, np.inf, np.nan):
        with pytest.raises(ConfigError, match=r"pick\.speed must be above 0 and finite"):
            PickConfig(speed=speed)
    for pick in (
        Pick("suction", np.full((4, 4), np.nan), {"cup_1": 0.0}),
        Pick("suction", np.eye(4), {"cup_1": np.nan}),
        Pick("suction", np.eye(4), {"cup_1": 0.0}, T_base_place=np.full((4, 4), np.inf)),
    ):
        with pytest.raises(ConfigError, match="must be finite"):
            motion.begin(pick, 0.0)


def test_before_a_pick_it_stays_and_says_that_there_is_nothing():
    cell = Cell("single_cup")
    chunk = cell.motion.next(cell.observe(), OVER)
    assert chunk.status is TaskStatus.INVALID
    assert np.abs(chunk.positions("arm") - cell.T[:3, 3]).max() == 0.0


def test_a_tool_that_is_higher_than_it_need_be_does_not_come_down_to_lift():
    cell = Cell("single_cup")
    cell.run(Pick("suction", pose(0.45, 0.2, OVER + 0.05), {"cup_1": 0.0}, T_base_over=pose(0.45, 0.2, OVER + 0.1)))
    taken = [T[2, 3] for phase, T, _ in cell.visited if phase in (PickPhase.TAKE, PickPhase.LIFT)]
    assert min(taken) > OVER + 0.04
