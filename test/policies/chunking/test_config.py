# SPDX-License-Identifier: Apache-2.0
"""`chunking` in a policy's YAML switches a method on; what cannot work is one line at load."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import pytest
from policy_making.chunk_script import Script

from controllers.errors import ConfigError
from vla_ros.configuration import share_directory
from vla_ros.policies.base import capability
from vla_ros.policies.capabilities.detection import Detecting
from vla_ros.policies.capabilities.flow_policy import DifferentiableFlowPolicy, FlowPolicy
from vla_ros.policies.chunking.config import METHODS, wrap_chunking
from vla_ros.policies.chunking.consensus import Consensus
from vla_ros.policies.chunking.correction import CorrectedChunks
from vla_ros.policies.chunking.ensemble import Ensemble
from vla_ros.policies.chunking.future_state import FutureState
from vla_ros.policies.chunking.hydra import Hydra
from vla_ros.policies.chunking.real_time import RealTimeChunking
from vla_ros.policies.families import loading
from vla_ros.policies.geometric.policy import GeometricPolicy
from vla_ros.robots.embodiment import load_embodiment


class Flow(Script):
    """A field that cannot be differentiated."""

    action_shape, period = (8, 7), 0.1

    def prepare(self, observation):
        return None

    def velocity(self, condition, x, tau):
        return -x

    def decode(self, observation, actions):
        raise NotImplementedError

    def encode(self, observation, chunk):
        raise NotImplementedError

    prefix_max, corrects, agrees, disagreement, knows_waypoints = 0, False, False, None, False

    def velocity_after(self, condition, x, tau, known):
        return -x

    def correct(self, observation, remainder):
        return remainder

    def waypoint(self, observation):
        return None


class DifferentiableFlow(Flow):
    """One that can."""

    def vjp(self, condition, x, tau):
        return -x, lambda c: -c


class Trained(DifferentiableFlow):
    """One that was trained for all that chunking may ask."""

    prefix_max, corrects, agrees, knows_waypoints = 4, True, True, True


def test_capabilities_are_told_apart():
    assert not isinstance(Script([]), FlowPolicy)
    assert isinstance(Flow([]), FlowPolicy)
    assert not isinstance(Flow([]), DifferentiableFlowPolicy)
    assert isinstance(DifferentiableFlow([]), DifferentiableFlowPolicy)


def test_what_loads_policies_does_not_load_pytorch(root):
    code = "import sys, vla_ros.policies.families.loading; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_wraps_a_policy_that_can(method):
    inner = Trained([])
    wrapped = wrap_chunking(inner, {"method": method}, "here")
    others = {"future_state": FutureState, "a2c2": CorrectedChunks, "consensus": Consensus, "hydra": Hydra}
    assert isinstance(wrapped, others.get(method, RealTimeChunking if "rtc" in method else Ensemble))
    assert capability(wrapped, Trained) is inner


def test_settings_reach_the_method():
    ensemble = wrap_chunking(Script([]), {"method": "act", "decay": 0.5}, "here")
    weights = ensemble._weighting.weights(np.zeros((2, 1, 3)), np.ones((2, 1), dtype=bool))
    np.testing.assert_allclose(weights[:, 0], [1.0, np.exp(-0.5)])


@pytest.mark.parametrize(
    ("policy", "values", "message"),
    [
        (
            Script,
            {"method": "vot"},
            "unknown method 'vot': did you mean 'vote'? valid: a2c2, act, cogact, consensus, future_state, hydra, "
            "rtc, rtc_identity, rtc_trained, vote",
        ),
        (Script, {"method": ["act"]}, "unknown method"),
        (Script, {}, "key 'method' is missing: a2c2, act, cogact, consensus, future_state, hydra, rtc"),
        (Script, "act", "expected a mapping, got 'act'"),
        (Script, {"method": "act", "decai": 1}, "unknown key 'decai': did you mean 'decay'"),
        (Script, {"method": "act", "decay": -1}, "decay must be >= 0, got -1"),
        (Script, {"method": "vote", "threshold": 2.0}, "threshold must be -1 to below 1, got 2.0"),
        (
            Script,
            {"method": "rtc"},
            "method 'rtc' needs a policy with a flow's velocity field, which Script lacks: use act",
        ),
        (Flow, {"method": "rtc"}, "needs a policy with a vector-Jacobian product, which Flow lacks: use rtc_identity"),
        (
            Flow,
            {"method": "rtc_identity", "delay_s": 0.5},
            "delay_s 0.5 is 5 steps of 0.1 s: a chunk of 8 bridges at most 4",
        ),
        (Flow, {"method": "rtc_trained"}, "needs a policy that was trained with prefix_max, which Flow was not"),
        (Trained, {"method": "rtc_trained", "steps": 0}, "steps must be at least 1, got 0"),
        (Flow, {"method": "a2c2"}, "needs a policy that was trained to correct its chunks, which Flow was not"),
        (Script, {"method": "a2c2"}, "use act, cogact, future_state, vote"),
        (Trained, {"method": "a2c2", "base": "act"}, "unknown base 'act'"),
        (Trained, {"method": "a2c2", "base": "rtc", "delay_s": 0.6}, "delay_s 0.6 is 6 steps of 0.1 s: a chunk of 8"),
        (Flow, {"method": "rtc_identity", "beta": "much"}, "beta: expected float, got 'much'"),
    ],
)
def test_what_cannot_work_is_one_line(policy, values, message):
    with pytest.raises(ConfigError) as error:
        wrap_chunking(policy([]), values, "here")
    assert str(error.value).startswith("here: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.fixture
def policy_yaml(tmp_path, monkeypatch):
    """Return the geometric policy's YAML in a folder of its own."""
    shutil.copytree(share_directory() / "config" / "policies", tmp_path / "config" / "policies")
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config" / "policies" / "geometric.yaml"


def test_yaml_switches_a_method_on(policy_yaml):
    policy_yaml.write_text(policy_yaml.read_text() + "chunking: {method: vote, window: 4}\n")
    policy = loading.load_policy("geometric", load_embodiment("franka"))
    assert isinstance(policy, Ensemble)
    assert isinstance(policy.policy, GeometricPolicy)
    assert capability(policy, Detecting) is policy.policy


def test_yaml_without_it_leaves_the_policy_alone():
    assert isinstance(loading.load_policy("geometric", load_embodiment("franka")), GeometricPolicy)


def test_a_policy_that_cannot_is_refused_with_the_file_named(policy_yaml):
    policy_yaml.write_text(policy_yaml.read_text() + "chunking: {method: rtc}\n")
    with pytest.raises(ConfigError) as error:
        loading.load_policy("geometric", load_embodiment("franka"))
    assert str(error.value).startswith(f"{policy_yaml}: chunking: method 'rtc' needs")
    assert "GeometricPolicy lacks" in str(error.value)


def test_other_keys_are_checked_as_before(policy_yaml):
    policy_yaml.write_text("horizn: 4\n")
    with pytest.raises(ConfigError, match="did you mean 'horizon'"):
        loading.load_policy("geometric", load_embodiment("franka"))
