# SPDX-License-Identifier: Apache-2.0
"""An elbow goes where it is told, and its hand stays where it is."""

import numpy as np
import pytest
from whole_robot import controlled, follow, position_error, shifted

from controllers.errors import ConfigError
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
