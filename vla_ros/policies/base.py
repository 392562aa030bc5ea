# SPDX-License-Identifier: Apache-2.0
"""The policy interface: two methods. Everything else is a wrapper with the same two methods."""

from __future__ import annotations

from typing import Protocol, TypeVar, runtime_checkable

from controllers.chunks.chunk import ActionChunk
from vla_ros.policies.observation import Observation

Capability = TypeVar("Capability")


@runtime_checkable
class Policy(Protocol):
    """Turn what is seen and asked into a chunk of future motion."""

    def infer(self, observation: Observation) -> ActionChunk:
        """Return absolute targets stamped with `observation.stamp`.

        An instruction that names nothing in view yields a chunk with task status INVALID.
        """
        ...

    def reset(self) -> None:
        """Forget the episode: called before each new one and when the instruction changes."""
        ...


def capability(policy: Policy, kind: type[Capability]) -> Capability | None:
    """Return the policy, or the one it wraps as its `policy`, that has the optional capability `kind`."""
    inner: object = policy
    while inner is not None and not isinstance(inner, kind):
        inner = getattr(inner, "policy", None)
    return inner
