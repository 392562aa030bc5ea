# SPDX-License-Identifier: Apache-2.0
"""The table of policy families: which module specifies each. Light to import: a command line needs no more.

A module of the table has one subclass of PolicyFamily called `Specification`. Installed packages add families by the
entry point group `vla_ros.policies`; a user's own policy is FILE.py:NAME (own_policy.py).
"""

from __future__ import annotations

import contextlib
import importlib
import os
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError, unknown_name
from vla_ros.documents import read_json

if TYPE_CHECKING:
    from vla_ros.policies.families.family import PolicyFamily

FAMILIES = {
    "geometric": "vla_ros.policies.geometric.specification",
    "graspvla": "vla_ros.policies.graspvla.small.specification",
    "graspvla_full": "vla_ros.policies.graspvla.full.specification",
    "gr3": "vla_ros.policies.gr3.small.specification",
    "gr3_full": "vla_ros.policies.gr3.full.specification",
    "gear_vla": "vla_ros.policies.gear_vla.specification",
    "gam": "vla_ros.policies.gam.specification",
    "flow": "vla_ros.policies.flow.specification",
    "act": "vla_ros.policies.act.specification",
    "lerobot": "vla_ros.policies.lerobot.specification",
    "remote": "vla_ros.policies.remote.specification",
}
UNNAMED_WEIGHTS = "of graspvla the shipped one, of gam none, but analysis"  # what is taken where none are named
DEFAULT_POLICY = "graspvla"  # of `vla launch`, the policy node and `vla eval`
ENTRY_POINTS = "vla_ros.policies"
CONFIG = "config.json"  # of a checkpoint
LEROBOT_KIND = "lerobot"  # of every checkpoint that lerobot wrote, whatever its type
_SHOWN = 40  # characters of what a checkpoint says that it is
KIND_KEYS = ("kind", "format", "type", "model_type")  # where it says what it is of: ours, and those of others


def policy_names() -> tuple[str, ...]:
    """Name every family: ours, then those of installed packages."""
    return tuple(dict.fromkeys((*FAMILIES, *_installed())))


def policy_text() -> str:
    """Say what may be given as a policy."""
    return f"{', '.join(policy_names())}, FILE.py:NAME of your own, or a checkpoint's folder"


def check_name(name: str, *also: str) -> None:
    """Raise ConfigError with the nearest family, or of `also`, for what names no policy: see `policy_text`."""
    from vla_ros.policies.families.own_policy import is_file

    if not is_file(name) and not is_checkpoint(name) and name not in (*policy_names(), *also):
        raise ConfigError(
            unknown_name("policy", name, (*policy_names(), *also))
            + "; or FILE.py:NAME of your own, or ./DIR of a checkpoint"
        )


def specification_of(name: str) -> type[PolicyFamily]:
    """Return the specification of a family by its name, or of a user's own policy by FILE.py:NAME.

    Raises ConfigError that names the nearest family, or says why the one that was named cannot be had.
    """
    from vla_ros.policies.families.own_policy import from_file, is_file, own_family

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


def specifications() -> dict[str, type[PolicyFamily]]:
    """Return every family's specification by its name, without those of packages that do not import."""
    found = {}
    for name in policy_names():
        with contextlib.suppress(ConfigError):  # one bad package must not hide the others
            found[name] = specification_of(name)
    return found


def is_checkpoint(name: str) -> bool:
    """Tell a checkpoint's folder from the name of a family."""
    return os.sep in name and (Path(name).expanduser() / CONFIG).is_file()


def family_of(checkpoint: Path) -> str:
    """Name the family whose checkpoint lies in a folder, as its config.json says.

    Raises ConfigError for a folder without one, and for a checkpoint of a kind that no family reads.
    """
    folder = checkpoint.expanduser()
    said = said_kind(folder)
    kinds = {kind.checkpoint_kind: name for name, kind in specifications().items() if kind.checkpoint_kind}
    if said not in kinds:
        raise ConfigError(f"{folder}: is a checkpoint of another kind ({said}): give one of {', '.join(kinds)}")
    return kinds[said]


def is_lerobot(folder: Path) -> bool:
    """Tell a checkpoint of lerobot, whose types are called as families here are, from ours. Raises as read_json."""
    values = read_json(folder / CONFIG) if (folder / CONFIG).is_file() else None
    return isinstance(values, dict) and isinstance(values.get("type"), str) and "output_features" in values


def said_kind(folder: Path) -> str:
    """Return of what kind a checkpoint says it is, "unknown" where it says none. Raises ConfigError where none lies."""
    if not (folder / CONFIG).is_file():
        raise ConfigError(f"{folder}: is no checkpoint: give a folder with {CONFIG} and its weights")
    if is_lerobot(folder):
        return LEROBOT_KIND
    return said_in(read_json(folder / CONFIG)) or "unknown"


def said_in(values: object) -> str:
    """Return of what kind the content of a config.json says it is; empty where it says none."""
    if not isinstance(values, dict):
        return ""
    said = next((str(values[key]) for key in KIND_KEYS if key in values), "")
    return ascii(said)[1:-1][:_SHOWN]


@cache
def _installed() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}
