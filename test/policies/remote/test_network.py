# SPDX-License-Identifier: Apache-2.0
"""How late a message arrives: as often, as late and as irregularly as was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.policies.remote.network import Network, read_network


def round_trips(network: Network, count: int, at: float = 0.0) -> np.ndarray:
    """Return how long requests and their replies take (count,) [s]."""
    random = np.random.default_rng(1)
    return np.array([network.arrival(network.arrival(at, random), random) - at for _ in range(count)])


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("0", Network()),
        ("0.3", Network(0.3)),
        ("0.3±0.15", Network(0.3, 0.15)),
        ("0.3+-0.15", Network(0.3, 0.15)),
        ("0.3±0.15, loss=0.02", Network(0.3, 0.15, 0.02)),
        ("0.1,outage=1/20", Network(0.1, outage_s=1.0, every_s=20.0)),
    ],
)
def test_it_is_read_and_written(text, network):
    assert read_network(text, "--network") == network
    assert read_network(str(network), "--network") == network


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("fast", "give SECONDS"),
        ("0.3±", "give SECONDS"),
        ("0.3±0.1±0.1", "give SECONDS"),
        ("0.3,los=0.1", "did you mean 'loss'"),
        ("0.3,outage=1", "give SECONDS"),
        ("-0.1", "latency_s must be 0 or more, got -0.1"),
        ("11", "latency_s must be 0 to 10 s, got 11"),
        ("nan", "latency_s must be 0 or more, got nan"),
        ("0.1±0.2", "jitter 0.2 s is more than the latency"),
        ("0.1,loss=1", "loss must be 0 to 0.9, got 1"),
        ("0.1,outage=5/5", "it must be shorter"),
        ("0.1,outage=1/0", "say how often"),
    ],
)
def test_what_is_none_is_refused_in_one_line(text, why):
    with pytest.raises(ConfigError, match="--network") as refused:
        read_network(text, "--network")
    assert why in str(refused.value)


def test_there_and_back_takes_the_latency_give_or_take_the_jitter():
    took = round_trips(Network(0.3, 0.15), 20_000)
    assert took.min() >= 0.15
    assert took.max() <= 0.45
    assert took.mean() == pytest.approx(0.3, abs=0.002)
    # Each way is uniform over a width of the jitter: the variance of both together is 2 × width²/12.
    assert took.std() == pytest.approx(0.15 / np.sqrt(6.0), rel=0.02)
    assert set(round_trips(Network(0.3), 10).round(12)) == {0.3}


def test_what_is_lost_comes_after_the_retransmission_timeout_and_doubles():
    network = Network(0.1, loss=0.1)
    assert network.retransmission_s == pytest.approx(0.3)
    took = round_trips(network, 20_000).round(9)
    share = {late: float(np.mean(took == late)) for late in (0.1, 0.4, 1.0)}
    assert share[0.1] == pytest.approx(0.9**2, abs=0.01)  # neither way
    assert share[0.4] == pytest.approx(2 * 0.1 * 0.9**2, abs=0.01)  # one way, once
    assert share[1.0] == pytest.approx(2 * 0.1**2 * 0.9**2, abs=0.005)  # one way, twice: 0.3 + 0.6 s


def test_nothing_passes_in_an_outage_and_what_was_sent_in_it_comes_after_it():
    network = Network(0.1, outage_s=1.0, every_s=20.0)
    for sent, arrives in ((19.9, 19.95), (21.0, 21.05), (39.0, 39.05)):
        assert network.arrival(sent, np.random.default_rng(1)) == pytest.approx(arrives)
    # Sent again 0.3, 0.9 and 2.1 s after the first time: the second of these is past the outage's end.
    assert network.arrival(20.5, np.random.default_rng(1)) == pytest.approx(20.5 + 0.9 + 0.05)
    assert network.arrival(20.95, np.random.default_rng(1)) == pytest.approx(20.95 + 0.3 + 0.05)
    assert not network.out(0.0)
