# SPDX-License-Identifier: Apache-2.0
"""An elbow goes where it is told, by a target or by a chunk, and its hand stays where it is."""

import numpy as np
import pytest
from robot_rigs.body_rig import BodyRig
from robot_rigs.two_armed_robot import DT
from robot_rigs.whole_robot import controlled, follow, position_error, shifted

from controllers.errors import ChunkError, ConfigError
from controllers.whole_body.elbow import elbow_circle
from controllers.whole_body.targets import BodyTarget


@pytest.mark.parametrize("turn", [-0.3, 0.3])
def test_the_elbow_swivels_and_the_hand_stays(turn):
    control = controlled(posture_rate=0.0)
    hands = shifted(control, np.zeros(3))
    before = {name: control.elbows[name].angle() for name in control.elbows}
    elbows = {"left": before["left"] + turn}
    follow(control, BodyTarget(hands.hands, elbows=elbows, base=np.zeros(3)), 3.0)
    assert control.elbows["left"].angle() == pytest.approx(before["left"] + turn, abs=0.03)
    assert control.elbows["right"].angle() == pytest.approx(before["right"], abs=0.1)
    assert position_error(control, hands) < 1e-3


def test_a_swivel_is_the_derivative_of_the_angle():
    control = controlled()
    A, b = np.zeros((1, control.model.size + 1)), np.zeros(1)
    elbow, part, moved = control.elbows["left"], control.parts["left"], control.model.moved
    angle, radius, _, _ = elbow_circle(*control.model.elbow("left"))
    elbow.write(angle, A, b)
    assert abs(b[0]) < 1e-9
    # Self-motion: what leaves shoulder and wrist where they are.
    J = control.model.J["left"][:, moved + part.start : moved + part.stop]
    still = np.linalg.svd(J)[2][-1]
    rate = float(A[0, moved + part.start : moved + part.stop] @ still) / (np.sqrt(control.config.elbow) * radius)
    step, q = 1e-5, control.q.copy()
    q[part] += step * still
    control.model.update(q)
    assert (elbow.angle() - angle) / step == pytest.approx(rate, abs=1e-3)


def test_an_elbow_that_hangs_is_at_0_and_turns_by_the_right_hand():
    shoulder, wrist = (0.0, 0.0, 1.0), (0.6, 0.0, 1.0)
    assert elbow_circle(shoulder, (0.3, 0.0, 0.8), wrist)[:3] == pytest.approx((0.0, 0.2, 0.5))
    angle, _, _, tangent = elbow_circle(shoulder, (0.3, 0.2, 1.0), wrist)  # about x, from down towards y
    assert angle == pytest.approx(np.pi / 2.0)
    assert tangent == pytest.approx((0.0, 0.0, 1.0))
    assert np.isfinite(elbow_circle(shoulder, (0.0, 0.1, 0.7), (0.0, 0.0, 0.4))[0])  # straight down


def test_an_arm_of_six_joints_has_no_free_elbow():
    control = controlled("ur5e")
    with pytest.raises(ConfigError, match="unknown arm with a free elbow 'ur5e'"):
        control.tick(BodyTarget(elbows={"ur5e": 0.0}), 0.002)


STILL = np.zeros((10, 3))


def swivels(rig):
    return {name: elbow.angle() for name, elbow in rig.control.elbows.items()}


@pytest.mark.parametrize("turn", [-0.4, 0.4])
def test_a_chunk_says_where_an_elbow_is_to_be_and_both_hands_stay(turn):
    rig = BodyRig()
    before, furthest = swivels(rig), 0.0

    def look(rig):
        nonlocal furthest
        furthest = max(furthest, *(float(np.linalg.norm(rig.went(arm))) for arm in rig.start))

    rig.look = look
    told = before["left"] + turn * np.minimum(np.arange(1, 11) / 5.0, 1.0)
    rig.submit(rig.columns({"left": STILL, "right": STILL}) | {"left/elbow": told}, step=0.3)
    rig.run(4.0)
    after = swivels(rig)
    assert rig.hold == "chunk exhausted"
    assert after["left"] == pytest.approx(before["left"] + turn, abs=0.03)
    assert after["right"] == pytest.approx(before["right"], abs=0.02)
    assert furthest < 2e-3  # [m]
    groups = rig.embodiment.driven_groups
    most = np.concatenate([group.acceleration for group in groups])
    assert (np.abs(np.diff(np.array(rig.commands), 2, axis=0)).max(axis=0) / DT**2 / most).max() < 1.001
    rig.run(0.5)
    assert swivels(rig)["left"] == pytest.approx(after["left"], abs=1e-3)  # what holds does not lean back


def test_an_elbow_of_which_a_chunk_says_nothing_leans_to_the_posture_of_its_arm():
    rig = BodyRig()
    before = swivels(rig)["left"]
    rig.submit(rig.columns({"left": STILL}) | {"left/elbow": np.full(10, before + 0.4)}, step=0.2)
    rig.run(3.0)
    swivelled = swivels(rig)["left"]
    there_and_back = 0.1 * np.sin(np.linspace(0.0, 2.0 * np.pi, 31)[1:, None]) * np.array([1.0, 0.0, 0.0])
    rig.submit(rig.columns({"left": there_and_back}), step=0.2)
    rig.run(7.0)
    assert abs(swivels(rig)["left"] - before) < 0.25 * abs(swivelled - before)


@pytest.mark.parametrize(
    ("channels", "refusal"),
    [
        ({"left/elbow": np.full(5, 3.3)}, "asks for 3.30 rad in 'left/elbow', allowed -pi to pi"),
        ({"right/elbow": np.zeros(5)}, "'right/elbow' goes with a pose of 'right'"),
        ({"middle/elbow": np.zeros(5)}, "unknown chunk channel 'middle/elbow'"),
    ],
)
def test_what_no_elbow_can_follow_is_refused(channels, refusal):
    rig = BodyRig()
    with pytest.raises(ChunkError, match=refusal):
        rig.submit(rig.columns({"left": STILL[:5]}) | channels)


def test_arms_without_a_free_elbow_are_told_so():
    rig = BodyRig("agilex")
    with pytest.raises(ChunkError, match="whole-body control alone moves elbows, of arms of seven joints"):
        rig.submit(rig.columns({"left": STILL[:5]}) | {"left/elbow": np.zeros(5)})
