# SPDX-License-Identifier: Apache-2.0
"""What any policy's features must be: of the last chunk, finite, the same for the same, and nothing before one."""

from __future__ import annotations

import numpy as np

from vla_ros.policies.base import Policy
from vla_ros.policies.capabilities.features import FeatureProvider
from vla_ros.policies.observation import Observation


def check_features(policy: Policy, seen: Observation, other: Observation) -> np.ndarray:
    """Check them on two observations that differ to the policy; return those of the first."""
    assert isinstance(policy, FeatureProvider)
    policy.reset()
    assert policy.features is None
    policy.infer(seen)
    first = policy.features
    assert first is not None
    assert first.dtype == np.float32
    assert first.ndim == 1
    assert np.isfinite(first).all()
    assert first.std() > 0.0
    policy.reset()
    assert policy.features is None
    policy.infer(other)
    assert policy.features is not None
    assert not np.allclose(policy.features, first)
    policy.reset()
    policy.infer(seen)
    np.testing.assert_array_equal(policy.features, first)
    return first
