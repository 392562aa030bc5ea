# SPDX-License-Identifier: Apache-2.0
"""Mask, weight and both forms of guidance are the paper's; the delay is a percentile without its warm-up."""

from __future__ import annotations

import math

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.policies.capabilities.flow_policy import integrate_flow
from vla_ros.policies.chunking.delay import DelayConfig, DelayEstimator
from vla_ros.policies.chunking.guidance import guidance_weight, identity_guided, prefix_mask, vjp_guided


class LinearFlow:
    """v(x, τ) = M x + τ, whose vector-Jacobian product is known."""

    def __init__(self, size: int, seed: int = 0) -> None:
        self.M = 0.3 * np.random.default_rng(seed).normal(size=(size, size))

    def velocity(self, condition, x: np.ndarray, tau: float) -> np.ndarray:
        return (self.M @ x.ravel()).reshape(x.shape) + tau

    def vjp(self, condition, x: np.ndarray, tau: float):
        return self.velocity(condition, x, tau), lambda c: (self.M.T @ c.ravel()).reshape(c.shape)


def test_mask_by_hand():
    # H = 8, d = 2, s = 3: c = (5 − i)/4 for i = 2, 3, 4.
    c = np.array([3.0, 2.0, 1.0]) / 4.0
    between = c * (np.exp(c) - 1.0) / (math.e - 1.0)
    np.testing.assert_allclose(prefix_mask(8, 2, 3), [1.0, 1.0, *between, 0.0, 0.0, 0.0])


def test_mask_without_a_soft_part():
    np.testing.assert_array_equal(prefix_mask(6, 3, 3), [1, 1, 1, 0, 0, 0])
    assert prefix_mask(6, 0, 0)[0] < 1.0  # nothing frozen
    assert (np.diff(prefix_mask(16, 3, 4)) <= 0.0).all()


@pytest.mark.parametrize(("delay", "executed"), [(3, 2), (3, 6), (-1, 2), (5, 5)])
def test_mask_refuses_what_cannot_be_bridged(delay, executed):
    with pytest.raises(ConfigError, match=f"got delay {delay}, executed {executed}, horizon 8"):
        prefix_mask(8, delay, executed)


def test_guidance_weight_is_bounded():
    assert guidance_weight(0.0, 5.0) == 5.0
    assert guidance_weight(0.01, 5.0) == 5.0
    tau = 0.5
    r2 = (1 - tau) ** 2 / (tau**2 + (1 - tau) ** 2)
    assert guidance_weight(tau, 5.0) == pytest.approx((1 - tau) / (tau * r2))
    assert guidance_weight(0.9, 5.0) == 5.0


@pytest.mark.parametrize("tau", [0.0, 0.4, 0.8])
def test_guided_velocity_by_the_formula(tau: float):
    flow, random = LinearFlow(6), np.random.default_rng(1)
    x, previous = random.normal(size=(3, 2)), random.normal(size=(3, 2))
    W = np.array([1.0, 0.5, 0.0])
    v = flow.velocity(None, x, tau)
    e = (np.repeat(W, 2) * (previous - x - (1 - tau) * v).ravel()).reshape(3, 2)
    jacobian = np.eye(6) + (1 - tau) * flow.M  # of x̂₁ = x + (1 − τ) v
    weight = guidance_weight(tau, 5.0)
    np.testing.assert_allclose(
        vjp_guided(flow, None, previous, W, 5.0)(x, tau), v + weight * (e.ravel() @ jacobian).reshape(3, 2)
    )
    np.testing.assert_allclose(identity_guided(flow, None, previous, W, 5.0)(x, tau), v + weight * e)


def test_guidance_without_a_mask_is_the_plain_flow():
    flow, x = LinearFlow(6), np.ones((3, 2))
    free = flow.velocity(None, x, 0.3)
    for guided in (vjp_guided, identity_guided):
        np.testing.assert_allclose(guided(flow, None, 9.0 * x, np.zeros(3), 5.0)(x, 0.3), free)


def test_euler_integrates_from_noise_to_actions():
    noise, actions = np.zeros((2, 3)), np.arange(6.0).reshape(2, 3)
    straight = integrate_flow(lambda x, tau: actions - noise, noise, 5)
    np.testing.assert_allclose(straight, actions)
    taus = []
    integrate_flow(lambda x, tau: taus.append(tau) or x, noise, 4)
    assert taus == [0.0, 0.25, 0.5, 0.75]


def test_delay_is_the_95th_percentile_of_the_recent_without_warm_up():
    delays = DelayEstimator(DelayConfig(initial_delay_s=0.2, warmup=2, window=20, lead_s=0.0))
    assert delays.seconds == 0.2
    delays.add(9.0)
    delays.add(8.0)
    assert delays.seconds == 0.2  # loading and compiling say nothing about what follows
    for i in range(100):
        delays.add(0.01 * (i % 10))
    assert delays.seconds == pytest.approx(np.percentile(0.01 * np.arange(10).repeat(2), 95))
    for _ in range(20):
        delays.add(0.05)
    assert delays.seconds == pytest.approx(0.05)  # what was long ago is forgotten
