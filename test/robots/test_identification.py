# SPDX-License-Identifier: Apache-2.0
"""What is put into a simulated arm comes out of its recording; what cannot be known is refused in words."""

from __future__ import annotations

import re

import numpy as np
import pytest
import yaml
from arms.franka_arm import ARM, franka_model
from arms.identification_arm import (
    COMMAND_DELAY,
    DRY,
    PAYLOAD,
    VISCOUS,
    changed,
    computed,
    excitation,
    make_follower,
    recording,
    true_arm,
)

from controllers.arm.arm_dynamics import ArmDynamics, Payload
from controllers.control_config import ControlConfig
from controllers.errors import ConfigError
from vla_ros.configuration import build, share_directory
from vla_ros.documents import read_yaml
from vla_ros.robots.identification.acceptance import IdentificationError
from vla_ros.robots.identification.equations import make_equations
from vla_ros.robots.identification.estimation import identify
from vla_ros.robots.identification.fragment import yaml_fragment
from vla_ros.robots.identification.player import ExcitationPlayer
from vla_ros.robots.identification.recording import ExcitationRecording
from vla_ros.robots.identification.result import Identification


@pytest.fixture(scope="module")
def found() -> Identification:
    return identify(franka_model(), recording(), ARM.effort)


def fit(of: ExcitationRecording) -> Identification:
    return identify(franka_model(), of, ARM.effort)


def refusal(of: ExcitationRecording) -> str:
    with pytest.raises((IdentificationError, ConfigError)) as caught:
        fit(of)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_friction_and_payload_are_recovered(found):
    p = found.parameters
    np.testing.assert_allclose(p.viscous, VISCOUS, rtol=0.08)  # from 8 s of motion; docs/identification.md has 24 s
    np.testing.assert_allclose(p.dry, DRY, rtol=0.08)
    assert p.mass == pytest.approx(PAYLOAD.mass, rel=0.01)
    np.testing.assert_allclose(p.center, PAYLOAD.center, atol=0.002)
    assert p.offset is None
    # What a zero-order hold and the recording's own tick add to the wire's delay is less than two ticks.
    assert 0.0 < found.quality.delay < COMMAND_DELAY + 0.004
    assert (found.quality.explained > 0.98).all()


def test_standard_errors_say_how_far_off_it_is(found):
    p = found.parameters
    off = np.concatenate([(p.viscous - VISCOUS) / p.viscous_error, (p.dry - DRY) / p.dry_error])
    assert np.sqrt((off**2).mean()) < 4.0  # the truth's own dry friction fades in differently: not 1
    assert (p.viscous_error < 0.1 * VISCOUS).all()
    assert (p.dry_error < 0.1 * DRY).all()


def test_without_a_payload_none_is_found():
    p = fit(computed(0.5 * VISCOUS, 0.5 * DRY)).parameters
    assert (p.mass, p.offset) == (0.0, None)
    np.testing.assert_allclose(p.viscous, 0.5 * VISCOUS, rtol=0.1)
    np.testing.assert_allclose(p.dry, 0.5 * DRY, rtol=0.1)


def test_measured_efforts_include_the_arms_weight(found):
    model, time = franka_model(), recording().time
    later = np.stack([np.interp(time + found.quality.delay, time, q) for q in recording().q.T], axis=1)
    weight = np.array([model.gravity_effort(q) for q in later])
    p = fit(changed(recording(), effort=recording().effort + weight, with_gravity=True)).parameters
    np.testing.assert_allclose(p.viscous, found.parameters.viscous, rtol=0.02)
    assert p.mass == pytest.approx(found.parameters.mass, rel=0.01)


def test_a_constant_effort_is_found_where_there_is_one():
    offset = np.array([0.0, 0.6, 0.0, -0.4, 0.0, 0.0, 0.0])
    p = fit(changed(recording(), effort=recording().effort + offset)).parameters
    assert p.offset is not None
    np.testing.assert_allclose(p.offset, offset, atol=0.1)
    np.testing.assert_allclose(p.dry, DRY, rtol=0.1)
    assert p.mass == pytest.approx(PAYLOAD.mass, rel=0.03)


def test_a_push_while_recording_does_not_spoil_the_rest(found):
    effort = recording().effort.copy()
    effort[2000:2200, 1] += 8.0  # 0.4 s
    p = fit(changed(recording(), effort=effort)).parameters
    np.testing.assert_allclose(p.viscous, VISCOUS, rtol=0.1)
    np.testing.assert_allclose(p.dry, DRY, rtol=0.1)
    assert p.mass == pytest.approx(PAYLOAD.mass, rel=0.03)


def test_a_payload_far_from_the_tool_has_the_inertia_of_a_point():
    far = Payload(0.5, (0.15, -0.1, 0.3))
    found = fit(computed(VISCOUS, DRY, far))
    assert found.parameters.mass == pytest.approx(far.mass, rel=0.01)
    np.testing.assert_allclose(found.parameters.center, far.center, atol=0.003)
    assert found.quality.held_out_rms.max() < 0.035  # [N·m]
    assert abs(found.quality.delay) < 0.0005  # its inertia is not taken for a delay


def test_control_follows_better_with_what_was_identified(found):
    whole = found.parameters.dynamics
    without, payload, both = (_tool_error(dynamics) for dynamics in (None, ArmDynamics(payload=whole.payload), whole))
    assert without > 3.0e-3
    assert payload < 0.6 * without
    assert both < 0.5 * payload


def _tool_error(dynamics) -> float:
    """Return how far the tool is from where it is commanded to be [m] RMS, over 4 s of the excitation."""
    follower, arm, model, dt = make_follower(dynamics), true_arm(), franka_model(), 0.002
    player = ExcitationPlayer(excitation(), "franka", "panda", "panda_link0", with_gravity=False)
    follower.activate(arm.q, arm.dq, {}, arm.time)
    errors = []
    while player.elapsed < 4.0:
        q, dq = arm.measure()
        chunk = player.take(arm.time, q, dq, 0.0 * q, follower.progress.hold_reason)
        if chunk is not None:
            follower.submit(chunk, arm.time, "planner")
        arm.command(follower.tick(arm.time, dt, q, dq).arms["panda"].effort)
        arm.step()
        arm.step()
        errors.append(model.forward(arm.q)[:3, 3] - follower.progress.arms["panda"].T_base_ee_commanded[:3, 3])
    return float(np.sqrt((np.array(errors[500:]) ** 2).sum(axis=1).mean()))


def test_a_joint_that_hardly_moves_is_refused():
    q = recording().q.copy()
    q[:, 3] = q[0, 3] + 0.02 * (q[:, 3] - q[0, 3])
    assert "joint 'panda_joint4' moved faster than 0.1 rad/s both ways in only 0 %" in refusal(
        changed(recording(), q=q)
    )


def test_joints_that_all_move_alike_are_refused():
    time = np.arange(0.0, 20.0, 0.005)
    q = np.array(ARM.home) + 0.4 * np.sin(2.0 * np.pi * 0.2 * time)[:, None] * np.array([1.0, 0, 0, 0, 0, 0, 0])
    q = q + 0.25 * np.sin(2.0 * np.pi * 0.2 * time)[:, None]
    # Friction alone would still be told apart, joint by joint: the speed is too even for that.
    square = np.cumsum(np.sign(np.sin(2.0 * np.pi * 0.2 * time)))[:, None] * 0.005 * 0.5 * np.ones(7)
    flat = changed(recording(), time=time, q=np.array(ARM.home) + square, dq=0 * q, effort=0 * q)
    assert "too badly: condition number" in refusal(flat)


def test_a_load_that_changes_is_refused():
    effort = recording().effort.copy()
    late = recording().time > 0.75 * recording().time[-1]
    effort[late] += np.array([0.0, 6.0, 0.0, 5.0, 0.0, 1.5, 0.0])
    assert "does not hold for the part it has not seen: joint 'panda_joint2'" in refusal(
        changed(recording(), effort=effort)
    )


def test_a_part_that_is_followed_worse_than_what_was_fitted_is_refused():
    effort = recording().effort.copy()
    late = recording().time > 0.75 * recording().time[-1]
    effort[late, 1] += 1.5 * np.sin(2.0 * np.pi * 1.5 * recording().time[late])
    refused = refusal(changed(recording(), effort=effort))
    assert "joint 'panda_joint2' is off by" in refused
    assert float(re.search(r"(\d+) % explained", refused).group(1)) > 50.0


def test_effort_and_motion_that_do_not_belong_together_are_refused():
    late = np.roll(recording().effort, 60, axis=0)  # recorded 0.12 s after it acted
    early = np.roll(recording().effort, -60, axis=0)
    for shifted in (late, early):
        assert "fit best" in refusal(changed(recording(), effort=shifted))


def test_slow_gappy_or_short_recordings_are_refused():
    whole = recording()

    def some(keep) -> ExcitationRecording:
        return changed(whole, time=whole.time[keep], q=whole.q[keep], dq=whole.dq[keep], effort=whole.effort[keep])

    assert "sampled at 20 Hz" in refusal(some(slice(None, None, 25)))
    assert "0.40 s are missing after 4.0" in refusal(some((whole.time < 4.0) | (whole.time > 4.4)))
    assert "too short" in refusal(some(whole.time < 3.0))


def test_both_sides_of_the_equations_are_filtered_alike():
    equations = make_equations(franka_model(), recording())
    assert equations.matrix().shape == (len(equations.rows), 7, 18)
    assert equations.matrix(with_payload=False, with_offset=True).shape[2] == 21
    truth = np.concatenate([VISCOUS, DRY, [PAYLOAD.mass], PAYLOAD.mass * np.array(PAYLOAD.center)])
    left = equations.measured(0.003) - equations.nominal - equations.point_effort(PAYLOAD.mass, truth[15:])
    residual = (left - equations.matrix() @ truth) * equations.moving
    assert np.sqrt((residual**2).mean(axis=0)).max() < 0.04  # [N·m] noise of 0.17 N·m, filtered


def test_the_fragment_is_what_control_reads(found):
    config = read_yaml(share_directory() / "config" / "controllers" / "franka_impedance.yaml")
    fragment = yaml_fragment(found, "my\narm.npz")
    dynamics = build(ControlConfig, config | yaml.safe_load(fragment), "test").dynamics
    np.testing.assert_allclose(dynamics.viscous_friction, found.parameters.viscous, atol=1e-4)
    np.testing.assert_allclose(dynamics.dry_friction, found.parameters.dry, atol=1e-4)
    assert dynamics.payload.mass == pytest.approx(found.parameters.mass, abs=1e-4)
    np.testing.assert_allclose(dynamics.payload.center, found.parameters.center, atol=1e-4)
