# SPDX-License-Identifier: Apache-2.0
"""Policies are found by name, and a wrong name says which one was meant."""

from __future__ import annotations

import pytest

from controllers.errors import ConfigError
from vla_ros.policies.base import Policy
from vla_ros.policies.families.loading import load_policy
from vla_ros.robots.embodiment import load_embodiment


def test_the_geometric_policy_is_a_policy():
    assert isinstance(load_policy("geometric", load_embodiment("franka")), Policy)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'geometric'"):
        load_policy("geometrical", load_embodiment("franka"))
