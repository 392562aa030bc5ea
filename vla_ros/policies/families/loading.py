# SPDX-License-Identifier: Apache-2.0
"""A policy by its name: chosen, checked against its robot, loaded and wrapped. It knows no family."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.configuration import config_file
from vla_ros.documents import read_yaml
from vla_ros.policies.base import Policy
from vla_ros.policies.chunking.config import wrap_chunking
from vla_ros.policies.contract_checks import check_action
from vla_ros.policies.families.changed_settings import changed
from vla_ros.policies.families.family import PolicyChoice, PolicyFamily
from vla_ros.policies.families.table import FAMILIES, family_of, is_checkpoint, specification_of, specifications
from vla_ros.policies.needs import Needs, check_needs
from vla_ros.robots.embodiment import Embodiment


def load_policy(
    name: str, robot: Embodiment, objects: str | Path | None = None, checkpoint: str | Path = "", changes: str = ""
) -> Policy:
    """Return a policy ready to infer, wrapped as its `chunking` says; `objects` is a folder of the user's own objects.

    `name` is a family's, FILE.py:NAME, or a checkpoint's folder; `checkpoint` the folder of a learned policy's weights,
    empty: the one that its YAML names. `changes` are to its settings (`changed_settings.py`).

    Raises ConfigError that names the nearest known policy, or what in its YAML or its checkpoint cannot be used.
    """
    return loaded(specified(name, robot, objects, checkpoint, changes))


def loaded(family: PolicyFamily) -> Policy:
    """Return the policy of a specification, wrapped as its `chunking` says. Raises ConfigError as `load_policy`."""
    policy, choice = family.load(), family.choice
    return policy if choice.chunking is None else wrap_chunking(policy, choice.chunking, f"{choice.where}: chunking")


def check_policy(
    name: str, robot: Embodiment, checkpoint: str | Path = "", any_camera: bool = False, changes: str = ""
) -> Needs:
    """Return what a policy needs, which the robot has, without loading it (and without PyTorch).

    `any_camera`: those that are not always there will do, as in a roll-out, whose scenes are made for the policy.
    Raises ConfigError for a policy that cannot be had for this robot: the first thing that is missing.
    """
    return checked_needs(specified(name, robot, None, checkpoint, changes), name, any_camera)


def checked_needs(family: PolicyFamily, name: str, any_camera: bool = False) -> Needs:
    """Return what the policy of a specification needs, which its robot has. Raises ConfigError as `check_policy`."""
    family.check()
    needs, gives, robot, who = family.needs(), family.gives(), family.choice.robot, f"policy '{name}'"
    check_needs(needs, robot, who, any_camera)
    if gives is not None:
        check_action(gives, robot, who)
    return needs


def specified(
    name: str, robot: Embodiment, objects: str | Path | None = None, checkpoint: str | Path = "", changes: str = ""
) -> PolicyFamily:
    """Return the specification of a policy for a robot; nothing is checked but its settings. Raises ConfigError."""
    if is_checkpoint(name):
        if checkpoint:
            raise ConfigError(f"checkpoint {checkpoint}: policy '{name}' is a checkpoint already: give one of them")
        name, checkpoint = family_of(Path(name)), name
    kind = specification_of(name)
    if checkpoint and not kind.learned:
        learned = " or ".join(other for other, one in specifications().items() if one.learned)
        raise ConfigError(f"checkpoint {checkpoint}: policy '{name}' has no weights; take policy {learned}")
    folder = str(Path(checkpoint).expanduser().resolve()) if checkpoint else ""
    settings, chunking, where = _read(name)
    given = changed(settings, changes, where)
    where = f"{where} with {changes}" if changes else where  # what is wrong may stand in either
    return kind(PolicyChoice(name, robot, objects, folder, given, chunking, where))


def _read(name: str) -> tuple[Mapping[str, Any], Any, str]:
    """Return what a policy's YAML says, its `chunking` apart, and which file that is; nothing where there is none."""
    if name not in FAMILIES:
        return {}, None, f"policy '{name}'"
    path = config_file("policies", f"{name}.yaml")
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected a mapping, got {type(values).__name__}")
    return values, values.pop("chunking", None), str(path)
