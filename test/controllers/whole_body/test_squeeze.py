# SPDX-License-Identifier: Apache-2.0
"""What two hands press between them: never much more than they may, whatever offset inwards is commanded."""

import dataclasses

import numpy as np
import pytest
from robot_rigs.body_rig import BodyRig

from controllers.errors import ConfigError
from controllers.whole_body.controller import WholeBody
from controllers.whole_body.squeeze import SqueezeLimit
from controllers.whole_body_config import SQUEEZE_MAX
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.whole_body import whole_body
from vla_ros.tasks.two_hands.squeezing import FORCE_MAX

STIFF = 5e4  # [N/m] of each side of the box


class BoxRig(BodyRig):
    """Both hands beside a box: their joints give way to it as the springs of their servos do, at rest each tick."""

    def __init__(self, squeeze_max, narrower=0.02):
        self.width = np.inf
        super().__init__(squeeze_max=squeeze_max)
        self.arms = [self.follower.arms[name].model for name in ("left", "right")]
        left, right = (arm.position for arm in self.arms)
        self.width = float(np.linalg.norm(right - left)) - narrower  # [m]
        self.forces = []  # [N]

    def bear(self, q):
        """Return where springs that are commanded to q (N,) leave the joints: at the box, where it is in the way."""
        if not np.isfinite(self.width):
            return q
        model, control = self.control.model, self.control
        places = [model.T_base_ee[name][:3, 3] for name in ("left", "right")]
        line = (places[1] - places[0]) / np.linalg.norm(places[1] - places[0])
        overlap, gives = self.width - float(line @ (places[1] - places[0])), []
        for name, sign in (("left", -1.0), ("right", 1.0)):
            part = control.parts[name]
            J = model.J[name][:3, model.moved :][:, part]
            gives.append((part, sign * (J.T @ line) / control.body.groups[name].stiffness, J.T @ line))
        compliance = sum(float(np.abs(bent @ row)) for _, bent, row in gives)
        force = max(0.0, overlap / (compliance + 2.0 / STIFF))
        self.forces.append(force)
        q = q.copy()
        for part, bent, _ in gives:
            q[part] += force * bent
        return q


INWARDS = np.array([0.0, 1.0, 0.0])  # of the left hand's, seen from the box: the right one's is the other way


def pressed(squeeze_max, step=0.1, carried=0.0):
    """Command both hands 4 cm further together than the box is wide, then aside at `carried` [m/s]; return forces [N].

    (T, 2): of every tick, and how far the left hand is [m] along the line.
    """
    rig, ways = BoxRig(squeeze_max), []
    rig.look = lambda rig: ways.append(float(rig.went("left")[1]))
    points = np.arange(1, 41)
    inwards = 0.005 * np.minimum(points, 6)[:, None] * INWARDS
    aside = np.minimum(carried * step * np.maximum(points - 12, 0), 0.15)[:, None] * INWARDS
    rig.submit(rig.columns({"left": aside - inwards, "right": aside + inwards}), step=step)
    rig.run(40 * step + 1.0)
    assert rig.hold == "chunk exhausted"
    return np.stack([rig.forces, ways], axis=1)


@pytest.mark.parametrize("step", [0.05, 0.1])
def test_an_offset_inwards_presses_no_harder_than_allowed(step):
    """Also while the hands come to the box: they brake on the way that the springs have left."""
    free, kept = pressed(np.inf, step)[:, 0], pressed(30.0, step)[:, 0]
    assert free[-1] > 80.0  # [N] what the springs of the servos would do
    assert kept[-1] == pytest.approx(30.0, rel=0.03)
    assert kept.max() < 31.0


@pytest.mark.parametrize("speed", [0.1, 0.3])
def test_what_is_pressed_is_carried_aside_with_the_same_force(speed):
    forces, ways = pressed(30.0, carried=speed).T
    carrying = ways > 0.01
    assert ways[-1] > 0.13  # [m]
    assert forces[carrying].min() > 29.0  # [N]: neither hand lags behind the other
    assert forces.max() < 31.0


def test_unasked_two_arms_of_described_servos_press_a_little_more_than_experts_do():
    assert pressed(None)[:, 0].max() == pytest.approx(SQUEEZE_MAX, rel=0.03)
    assert FORCE_MAX < SQUEEZE_MAX < 1.2 * FORCE_MAX
    assert BodyRig("ur5e").follower._ensemble.body.squeeze is None  # one arm
    assert BodyRig(command="effort").follower._ensemble.body.squeeze is None


@pytest.mark.parametrize("step", [0.1, 0.15])
def test_hands_that_bear_nothing_are_not_held_back(step):
    """No force is seen in how servos trail, which are half as quick here as described, behind a wire of 4 ms."""
    ways = {}
    inwards = 0.02 * np.arange(1, 6)[:, None] * np.array([0.0, 1.0, 0.0])
    for squeeze_max in (30.0, np.inf):
        rig, ways[squeeze_max] = BodyRig(squeeze_max=squeeze_max), []
        rig.look = lambda rig, seen=ways[squeeze_max]: seen.append(rig.went("left")[1] - rig.went("right")[1])
        rig.submit(rig.columns({"left": -inwards, "right": inwards}), step=step)
        rig.run(2.0)
    np.testing.assert_allclose(ways[30.0], ways[np.inf], atol=5e-4)  # [m]
    assert rig.went("left") == pytest.approx(-inwards[-1], abs=2e-3)
    assert rig.went("right") == pytest.approx(inwards[-1], abs=2e-3)


def test_a_robot_without_described_servos_is_refused():
    body = whole_body(load_embodiment("bytemini"))
    groups = {name: dataclasses.replace(group, stiffness=None) for name, group in body.groups.items()}
    with pytest.raises(ConfigError, match="the servo of arm 'left' is not described"):
        SqueezeLimit(WholeBody(dataclasses.replace(body, groups=groups)), 30.0)


def test_one_hand_presses_nothing():
    with pytest.raises(ConfigError, match="there are not two hands"):
        SqueezeLimit(WholeBody(whole_body(load_embodiment("ur5e"))), 30.0)
