# SPDX-License-Identifier: Apache-2.0
"""What keeps a follower's arm still: nothing to do, chunks refused, and stops."""

import numpy as np
import pytest
from arms.franka_arm import FORWARD, HOME, STILL, WIDTH, Rig, positions, tool_error

from controllers.chunks.chunk import TaskStatus
from controllers.errors import VlaError

# --- holding ---


def test_starvation_holds_the_last_pose_at_rest():
    rig = Rig()
    rig.submit(FORWARD)
    rig.run(1.5)
    before = rig.tool[:3, 3]
    samples = rig.run(1.0)
    assert {sample.hold for sample in samples} == {"chunk exhausted"}
    assert np.linalg.norm(rig.tool[:3, 3] - before) < 3e-4
    assert np.abs(rig.arm.dq).max() < 0.01


@pytest.mark.parametrize(("status", "reason"), [(1, "terminated"), (-1, "invalid")])
def test_terminated_and_invalid_hold_without_moving(status, reason):
    rig = Rig()
    rig.submit(FORWARD, status=status)
    samples = rig.run(0.8)
    assert samples[-1].hold == reason
    assert np.abs(positions(samples) - rig.position).max() < 1e-6
    assert rig.follower.progress.status is TaskStatus(status)


def test_status_in_mid_motion_brakes():
    rig = Rig()
    rig.submit(0.03 * np.arange(1, 11)[:, None] * [1.0, 0.0, 0.0])
    rig.run(0.4)
    here = rig.driven.progress.T_base_ee_commanded[:3, 3].copy()
    rig.submit(FORWARD + 0.1, status=-1)
    samples = rig.run(0.6)
    moved = np.linalg.norm(samples[-1].commanded[:3, 3] - here)
    assert 0.01 < moved < 0.12
    assert np.abs(np.diff(positions(samples), axis=0)[-10:]).max() < 1e-5


def test_nothing_moves_before_it_is_enabled_or_after_it_is_disabled():
    rig = Rig(enable=False)
    assert "disabled" in rig.refused(FORWARD)
    rig.run(0.2)
    assert np.abs(rig.arm.dq).max() < 1e-9
    rig.follower.activate(rig.arm.q, rig.arm.dq, {WIDTH: 0.08}, rig.now)
    rig.submit(FORWARD)
    rig.run(0.3)
    rig.follower.deactivate()
    assert "disabled" in rig.refused(FORWARD)
    rig.run(0.5)
    assert np.abs(rig.arm.dq).max() < 0.01
    assert rig.follower.progress.hold_reason == "disabled"


def test_activation_is_bumpless():
    rig = Rig(q=HOME + 0.2)
    samples = rig.run(0.5)
    assert np.abs(positions(samples) - rig.position).max() < 1e-9
    assert np.abs(np.diff([s.effort for s in samples], axis=0)).max() < 0.5
    assert tool_error(rig, np.zeros(3)) < 1e-3


# --- refusing ---


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"stamp": -5.0}, "old"),
        ({"stamp": 9.0}, "future"),
        ({"frame_id": "camera"}, "frame"),
        ({"instruction": 2}, "another instruction"),
    ],
)
def test_refused_chunks_move_nothing(keys, match):
    rig = Rig()
    rig.follower.instruct(1)
    assert match in rig.refused(FORWARD, **keys)
    samples = rig.run(0.4)
    assert np.abs(positions(samples) - rig.position).max() < 1e-9
    assert samples[-1].hold == "no chunk yet"


def test_duplicate_and_reordered_chunks_are_refused():
    rig = Rig()
    rig.submit(FORWARD, sequence=5)
    assert "twice" in rig.refused(FORWARD, sequence=5)
    rig.run(0.1)
    assert "reordered" in rig.refused(FORWARD, sequence=6, stamp=-0.05)
    rig.submit(FORWARD, sequence=0)  # restarted


def test_a_new_instruction_ends_the_old_motion():
    rig = Rig()
    rig.follower.instruct(1)
    rig.submit(0.03 * np.arange(1, 11)[:, None] * [1.0, 0.0, 0.0], instruction=1)
    rig.run(0.3)
    rig.follower.instruct(2)
    samples = rig.run(0.6)
    assert samples[-1].hold == "instruction changed"
    assert np.abs(np.diff(positions(samples), axis=0)[-10:]).max() < 1e-5
    assert "another instruction" in rig.refused(FORWARD, instruction=1)
    rig.submit(STILL + samples[-1].commanded[:3, 3] - rig.position, instruction=2)


def test_sources_are_ranked_and_a_lapsed_lease_means_hold():
    rig = Rig()
    rig.submit(FORWARD, source="teleop")
    assert "'teleop' holds the arm" in rig.refused(FORWARD)
    rig.run(3.0)
    assert "enable control again" in rig.refused(FORWARD)
    rig.follower.activate(rig.arm.q, rig.arm.dq, {WIDTH: 0.08}, rig.now)
    rig.submit(STILL)


# --- stopping ---


def test_emergency_stop_comes_to_rest_holds_and_stays_latched():
    rig = Rig(command_delay=0.004)
    rig.submit(0.04 * np.arange(1, 11)[:, None] * [0.0, 1.0, 0.0])
    rig.run(0.5)
    assert np.abs(rig.arm.dq).max() > 0.2
    rig.follower.emergency_stop()
    rig.run(0.3)
    assert np.abs(rig.arm.dq).max() < 0.05
    here = rig.tool[:3, 3]
    for _ in range(5):
        rig.follower.emergency_stop()  # a heartbeat that repeats itself is no new stop
        rig.run(0.1)
    assert np.linalg.norm(rig.tool[:3, 3] - here) < 3e-3
    assert rig.follower.progress.hold_reason == "e-stop"
    assert "e-stop" in rig.refused(FORWARD)
    with pytest.raises(VlaError, match="latched"):
        rig.follower.activate(rig.arm.q, rig.arm.dq, {WIDTH: 0.08}, rig.now)
    rig.follower.release_emergency_stop()
    assert "e-stop" in rig.refused(FORWARD)  # releasing the latch enables nothing
    rig.follower.activate(rig.arm.q, rig.arm.dq, {WIDTH: 0.08}, rig.now)
    rig.submit(STILL + rig.tool[:3, 3] - rig.position)


STOPS = {
    "e-stop": lambda follower: follower.emergency_stop(),
    "stop": lambda follower: follower.stop("shutting down"),
    "fault": lambda follower: follower.fault("fault: joint states jump"),
    "off and on": lambda follower: follower.deactivate(),
    "another instruction": lambda follower: follower.instruct(5),
}


@pytest.mark.parametrize("refused", [True, False], ids=["seen by the planning thread", "seen by the loop"])
@pytest.mark.parametrize("stop", STOPS)
def test_what_was_planned_while_a_stop_came_is_not_followed(stop, refused):
    """Planning takes milliseconds of another thread; an arm at rest has dealt with a stop within one tick."""
    rig = Rig()
    rig.run(0.1)
    follower, planner = rig.follower, rig.follower._planner
    plan, take = planner.plan, follower._lease.take

    def meanwhile(change: bool) -> None:
        if change:
            STOPS[stop](follower)
            rig.run(0.01)
            if stop == "off and on":
                follower.activate(*rig.arm.measure(), {WIDTH: 0.08}, rig.now)
                rig.run(0.01)

    planner.plan = lambda *arguments: (plan(*arguments), meanwhile(refused))[0]
    follower._lease.take = lambda *arguments: (take(*arguments), meanwhile(not refused))[0]
    if refused:
        assert "while the chunk was planned" in rig.refused(FORWARD)
    else:
        rig.submit(FORWARD)
    rig.run(1.0)
    assert tool_error(rig, np.zeros(3)) < 1e-3
    if stop == "e-stop":
        follower.release_emergency_stop()
    follower._lease.take, planner.plan = take, plan
    follower.activate(*rig.arm.measure(), {WIDTH: 0.08}, rig.now)
    rig.submit(FORWARD, instruction=follower._instruction)  # and the next one is
    rig.run(1.0)
    assert tool_error(rig, np.zeros(3)) > 0.02


def test_a_late_chunk_of_another_instruction_does_not_undo_that_its_motion_ends():
    rig = Rig()
    rig.submit(np.outer(np.linspace(0.02, 0.2, 10), [1.0, 0.0, 0.0]))
    rig.run(0.3)
    take = rig.follower._lease.take
    rig.follower._lease.take = lambda *arguments: (take(*arguments), rig.follower.instruct(5))[0]
    rig.submit(np.outer(np.linspace(0.02, 0.2, 10), [1.0, 0.0, 0.0]))  # its place is the braking motion's
    rig.run(0.5)
    assert rig.follower.progress.hold_reason == "instruction changed"


def test_a_stopped_arm_does_not_creep_towards_its_rest_posture():
    rig = Rig(q=HOME + np.array([0.3, 0.2, -0.3, 0.2, 0.3, -0.2, 0.3]))
    rig.submit(0.02 * np.arange(1, 11)[:, None] * [0.0, 1.0, 0.0])
    rig.run(0.5)
    rig.follower.emergency_stop()
    rig.run(0.3)
    here = rig.arm.q.copy()
    rig.run(2.0)
    assert np.abs(rig.arm.q - here).max() < 2e-3
    rig.follower.release_emergency_stop()
    rig.follower.activate(rig.arm.q, rig.arm.dq, {WIDTH: 0.08}, rig.now)
    before = np.linalg.norm(rig.arm.q - HOME)
    rig.submit(np.zeros((30, 3)) + rig.tool[:3, 3] - rig.position)  # while it is driven the elbow goes back
    rig.run(2.5)
    assert np.linalg.norm(rig.arm.q - HOME) < before - 0.05


def test_stale_state_lets_the_effort_fade_then_holds():
    rig = Rig()
    rig.submit(FORWARD)
    rig.run(0.2)
    samples = rig.run(0.2, stale=True)
    assert samples[-1].hold == "stale joint state"
    assert not samples[-1].effort.any()
    samples = rig.run(0.6)
    assert samples[-1].hold == "stale joint state"
    assert np.abs(rig.arm.dq).max() < 0.01
    rig.submit(STILL + rig.tool[:3, 3] - rig.position)
    rig.run(0.1)
    assert rig.follower.progress.hold_reason == ""


def test_a_state_that_is_not_finite_moves_nothing():
    rig = Rig()
    rig.run(0.1)
    bad = HOME.copy()
    bad[2] = np.nan
    for _ in range(20):
        command = rig.follower.tick(rig.now, 0.002, bad, np.zeros(7), rig.now)
        assert np.isfinite(command.arms["panda"].effort).all()
    assert not command.arms["panda"].effort.any()
    assert "not finite" in rig.follower.progress.hold_reason
    samples = rig.run(0.5)
    assert np.isfinite(samples[-1].effort).all()
    assert tool_error(rig, np.zeros(3)) < 5e-3


def test_an_arm_that_runs_away_is_stopped():
    rig = Rig()
    rig.arm.dq[:] = 3.0
    rig.run(0.05)
    assert "joint speed" in rig.follower.progress.hold_reason
    rig.run(0.5)
    assert np.abs(rig.arm.dq).max() < 0.05
    assert "enable it again" in rig.refused(FORWARD)
