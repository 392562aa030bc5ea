# SPDX-License-Identifier: Apache-2.0
"""The key `chunking` of a policy's YAML: which wrapper, and its settings."""

from __future__ import annotations

from typing import Any

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import build
from vla_ros.policies.base import Policy
from vla_ros.policies.capabilities.flow_policy import DifferentiableFlowPolicy, FlowPolicy
from vla_ros.policies.chunking.ensemble import Ensemble
from vla_ros.policies.chunking.guidance import identity_guided, vjp_guided
from vla_ros.policies.chunking.real_time import RealTimeChunking, RealTimeConfig
from vla_ros.policies.chunking.weighting import ActWeighting, CogActWeighting, VoteWeighting

WEIGHTINGS: dict[str, type[ActWeighting | CogActWeighting | VoteWeighting]] = {
    "act": ActWeighting,
    "cogact": CogActWeighting,
    "vote": VoteWeighting,
}
GUIDANCE = {"rtc": vjp_guided, "rtc_identity": identity_guided}
METHODS = (*WEIGHTINGS, *GUIDANCE)


def wrap_chunking(policy: Policy, values: Any, where: str) -> Policy:
    """Wrap `policy` as the mapping `values` says: `method` and that method's settings; `where` prefixes errors.

    Raises ConfigError for an unknown method or setting, a value out of range, and a policy that lacks what the
    method needs.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"{where}: expected a mapping, got {values!r}")
    if "method" not in values:
        raise ConfigError(f"{where}: key 'method' is missing: {', '.join(sorted(METHODS))}")
    method = str(values["method"])
    settings = {key: value for key, value in values.items() if key != "method"}
    if method in WEIGHTINGS:
        return Ensemble(policy, build(WEIGHTINGS[method], settings, where))
    if method not in GUIDANCE:
        raise ConfigError(f"{where}: {unknown_name('method', str(method), METHODS)}")
    config = build(RealTimeConfig, settings, where)
    flow = _flow(policy, method, where)
    try:
        return RealTimeChunking(flow, GUIDANCE[method], config)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def _flow(policy: Policy, method: str, where: str) -> FlowPolicy:
    name = type(policy).__name__
    if not isinstance(policy, FlowPolicy):
        raise ConfigError(
            f"{where}: method '{method}' needs a policy with a flow's velocity field, which {name} lacks: "
            f"use {', '.join(sorted(WEIGHTINGS))}"
        )
    if method == "rtc" and not isinstance(policy, DifferentiableFlowPolicy):
        raise ConfigError(
            f"{where}: method 'rtc' needs a policy with a vector-Jacobian product, which {name} lacks: use rtc_identity"
        )
    return policy
