# SPDX-License-Identifier: Apache-2.0
"""Which family a training is of, and what its specification says of it: the same for `vla train` and `vla finetune`."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable, Sequence

from controllers.errors import ConfigError
from vla_ros.policies.families.family import PolicyFamily
from vla_ros.policies.families.learning import FinetuningRequest, Learner, Learning, TrainingRequest
from vla_ros.policies.families.table import specification_of, specifications

THREADS_MAX = 1024
OF_ALL = ("threads", "json")  # options that every family takes
How = Callable[[type[PolicyFamily]], Learning | None]


def how_it_learns(policy: str, how: How, does: str) -> tuple[type[PolicyFamily], Learning]:
    """Return a family's specification and its part about this learning; `does` says in words what that is.

    Raises ConfigError with the nearest family for one that does not exist, and with those that do for one that does
    not learn so.
    """
    kind = specification_of(policy)
    learning = how(kind)
    if learning is None:
        others = ", ".join(name for name, other in specifications().items() if how(other) is not None)
        raise ConfigError(f"policy '{policy}' {does}; those that do: {others}")
    return kind, learning


def check_request(request: TrainingRequest | FinetuningRequest, what: str, learning: Learning) -> None:
    """Raise ConfigError for an option that means nothing here, a number that cannot be, or a folder that there is not.

    `what` learns, in words: "policy 'act'".
    """
    for item in dataclasses.fields(request):
        known = item.default is dataclasses.MISSING or item.name in (*OF_ALL, *learning.options)
        if not known and getattr(request, item.name) != item.default:
            takes = ", ".join(map(_option, learning.options)) or "none"
            raise ConfigError(f"{_option(item.name)} is not for {what}, which takes {takes}: leave it out")
    if request.threads is not None and not 1 <= request.threads <= THREADS_MAX:
        raise ConfigError(f"--threads must be 1 to {THREADS_MAX}, got {request.threads}")
    for folder in request.sources:
        if not folder.is_dir():
            raise ConfigError(f"{folder}: no such folder; give one made by `vla generate`, or a dataset")


def _option(name: str) -> str:
    return "--set" if name == "set_name" else f"--{name.replace('_', '-')}"


def learner_of(packages: Sequence[str], learning: Learning) -> Learner:
    """Return what trains it. Raises ConfigError for a package that it needs and that is not installed."""
    for name in packages:
        if importlib.util.find_spec(name) is None:
            raise ConfigError(
                f"training needs the package {name}, which is not installed: ./vla installs it unless VLA_EXTRAS=none, "
                "on Python 3.11 to 3.13; elsewhere pip install -e '.[learning]'"
            )
    return learning.learner()
