# SPDX-License-Identifier: Apache-2.0
"""The key `chunking` of a policy's YAML: which wrapper, and its settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import build
from vla_ros.policies.base import Policy
from vla_ros.policies.capabilities.agreeing import AgreeingPolicy
from vla_ros.policies.capabilities.correcting import CorrectingPolicy
from vla_ros.policies.capabilities.flow_policy import DifferentiableFlowPolicy, FlowPolicy, PrefixFlowPolicy
from vla_ros.policies.capabilities.waypoints import WaypointPolicy
from vla_ros.policies.chunking.consensus import Consensus, ConsensusConfig
from vla_ros.policies.chunking.correction import Background, CorrectedChunks, CorrectionConfig, Thread
from vla_ros.policies.chunking.delay import DelayConfig
from vla_ros.policies.chunking.ensemble import Ensemble
from vla_ros.policies.chunking.future_state import FutureState
from vla_ros.policies.chunking.guidance import Velocity, identity_guided, prefix_conditioned, vjp_guided
from vla_ros.policies.chunking.hydra import Hydra, HydraConfig
from vla_ros.policies.chunking.real_time import RealTimeChunking, RealTimeConfig
from vla_ros.policies.chunking.weighting import ActWeighting, CogActWeighting, VoteWeighting

WEIGHTINGS: dict[str, type[ActWeighting | CogActWeighting | VoteWeighting]] = {
    "act": ActWeighting,
    "cogact": CogActWeighting,
    "vote": VoteWeighting,
}
GUIDANCE: dict[str, Callable[..., Velocity]] = {
    "rtc": vjp_guided,
    "rtc_identity": identity_guided,
    "rtc_trained": prefix_conditioned,
}
FUTURE_STATE, CORRECTION, CONSENSUS, HYDRA = "future_state", "a2c2", "consensus", "hydra"
ANY_POLICY = (*WEIGHTINGS, FUTURE_STATE)  # what needs nothing of a policy
METHODS = (*WEIGHTINGS, *GUIDANCE, FUTURE_STATE, CORRECTION, CONSENSUS, HYDRA)


@dataclass(frozen=True, eq=False)
class World:
    """What time is and who computes beside: a benchmark has its own, simulated."""

    clock: Callable[[], float] = time.perf_counter  # [s]
    background: Callable[[], Background] = Thread


def wrap_chunking(policy: Policy, values: Any, where: str, world: World | None = None) -> Policy:
    """Wrap `policy` as the mapping `values` says: `method` and that method's settings; `where` prefixes errors.

    Raises ConfigError for an unknown method or setting, a value out of range, and a policy that lacks what the
    method needs.
    """
    world = world or World()
    if not isinstance(values, dict):
        raise ConfigError(f"{where}: expected a mapping, got {values!r}")
    if "method" not in values:
        raise ConfigError(f"{where}: key 'method' is missing: {', '.join(sorted(METHODS))}")
    method = str(values["method"])
    settings = {key: value for key, value in values.items() if key != "method"}
    if method in WEIGHTINGS:
        return Ensemble(policy, build(WEIGHTINGS[method], settings, where))
    if method == FUTURE_STATE:
        return FutureState(policy, build(DelayConfig, settings, where), world.clock)
    if method == CORRECTION:
        return _corrected(policy, build(CorrectionConfig, settings, where), where, world)
    if method == CONSENSUS:
        return Consensus(_agreeing(policy, where), build(ConsensusConfig, settings, where))
    if method == HYDRA:
        return _with_waypoints(policy, build(HydraConfig, settings, where), where, world)
    if method not in GUIDANCE:
        raise ConfigError(f"{where}: {unknown_name('method', str(method), METHODS)}")
    return _continued(policy, method, build(RealTimeConfig, settings, where), where, world)


def _continued(policy: Policy, method: str, config: RealTimeConfig, where: str, world: World) -> RealTimeChunking:
    flow = _flow(policy, method, where)
    most = flow.prefix_max if method == "rtc_trained" and isinstance(flow, PrefixFlowPolicy) else None
    try:
        return RealTimeChunking(flow, GUIDANCE[method], config, world.clock, most)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def _corrected(policy: Policy, config: CorrectionConfig, where: str, world: World) -> CorrectedChunks:
    correcting = _correcting(policy, where)
    delays = {field.name: getattr(config, field.name) for field in fields(DelayConfig)}
    base = _base(policy, config.base, RealTimeConfig(**delays), where, world)
    return CorrectedChunks(correcting, world.background(), base)


def _with_waypoints(policy: Policy, config: HydraConfig, where: str, world: World) -> Hydra:
    if not isinstance(policy, WaypointPolicy) or not policy.knows_waypoints:
        raise _untrained(policy, HYDRA, "with waypoints", where)
    return Hydra(policy, config, _base(policy, config.base, RealTimeConfig(), where, world))


def _base(policy: Policy, method: str, config: RealTimeConfig, where: str, world: World) -> RealTimeChunking | None:
    """Return what draws chunks underneath another method; None: the policy itself. Raises ConfigError."""
    if method == "none":
        return None
    if method not in GUIDANCE:
        raise ConfigError(f"{where}: {unknown_name('base', method, (*GUIDANCE, 'none'))}")
    return _continued(policy, method, config, where, world)


def _correcting(policy: Policy, where: str) -> CorrectingPolicy:
    if not isinstance(policy, CorrectingPolicy) or not policy.corrects:
        raise _untrained(policy, CORRECTION, "to correct its chunks", where)
    return policy


def _agreeing(policy: Policy, where: str) -> AgreeingPolicy:
    if not isinstance(policy, AgreeingPolicy) or not policy.agrees:
        raise _untrained(policy, CONSENSUS, "with a mixture of horizons", where)
    return policy


def _untrained(policy: Policy, method: str, training: str, where: str) -> ConfigError:
    return ConfigError(
        f"{where}: method '{method}' needs a policy that was trained {training}, which {type(policy).__name__} was "
        f"not: see docs/flow.md, or use {', '.join(sorted(ANY_POLICY))}"
    )


def _flow(policy: Policy, method: str, where: str) -> FlowPolicy:
    name = type(policy).__name__
    if not isinstance(policy, FlowPolicy):
        raise ConfigError(
            f"{where}: method '{method}' needs a policy with a flow's velocity field, which {name} lacks: "
            f"use {', '.join(sorted(ANY_POLICY))}"
        )
    if method == "rtc_trained" and not (isinstance(policy, PrefixFlowPolicy) and policy.prefix_max):
        raise ConfigError(
            f"{where}: method 'rtc_trained' needs a policy that was trained with prefix_max, which {name} was not: "
            "use rtc_identity"
        )
    if method == "rtc" and not isinstance(policy, DifferentiableFlowPolicy):
        raise ConfigError(
            f"{where}: method 'rtc' needs a policy with a vector-Jacobian product, which {name} lacks: use rtc_identity"
        )
    return policy
