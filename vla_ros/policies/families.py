# SPDX-License-Identifier: Apache-2.0
"""The table of policy families: which module specifies each. Light to import: a command line needs no more.

A module of the table has one subclass of PolicyFamily called `Specification`. Installed packages add families by the
entry point group `vla_ros.policies`; a user's own policy is FILE.py:NAME (own_policy.py).
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from controllers.errors import ConfigError, unknown_name

if TYPE_CHECKING:
    from vla_ros.policies.family import PolicyFamily

FAMILIES = {
    "geometric": "vla_ros.policies.geometric.specification",
    "graspvla": "vla_ros.policies.graspvla.small.specification",
    "graspvla_full": "vla_ros.policies.graspvla.full.specification",
    "flow": "vla_ros.policies.flow.specification",
}
DEFAULT_POLICY = "graspvla"  # of `vla launch`, the policy node and `vla eval`
ENTRY_POINTS = "vla_ros.policies"


def policy_names() -> tuple[str, ...]:
    """Name every family: ours, then those of installed packages."""
    return tuple(dict.fromkeys((*FAMILIES, *_installed())))


def check_name(name: str, *also: str) -> None:
    """Raise ConfigError with the nearest family, or of `also`, for what is neither a name nor FILE.py:NAME."""
    from vla_ros.policies.own_policy import is_file

    if not is_file(name) and name not in (*FAMILIES, *also) and name not in _installed():
        raise ConfigError(unknown_name("policy", name, (*policy_names(), *also)) + "; or FILE.py:NAME of your own")


def specification_of(name: str) -> type[PolicyFamily]:
    """Return the specification of a family by its name, or of a user's own policy by FILE.py:NAME.

    Raises ConfigError that names the nearest family, or says why the one that was named cannot be had.
    """
    from vla_ros.policies.own_policy import from_file, is_file, own_family

    if is_file(name):
        return from_file(name)
    if name in FAMILIES:
        return importlib.import_module(FAMILIES[name]).Specification
    check_name(name)
    entry = _installed()[name]
    try:
        return own_family(entry.load(), f"policy '{name}' ({entry.value})")
    except ConfigError:
        raise
    except Exception as error:  # whatever the package raises
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ConfigError(f"policy '{name}': its package does not import ({entry.value}: {reason})") from None


@cache
def _installed() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}
