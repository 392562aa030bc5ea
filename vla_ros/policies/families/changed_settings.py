# SPDX-License-Identifier: Apache-2.0
"""Settings of a policy that are changed for one run: `rules.rise=false,rules.commit=false` over its YAML's."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from controllers.errors import ConfigError
from vla_ros.documents import parse_yaml


def changed(settings: Mapping[str, Any], changes: str, where: str) -> dict[str, Any]:
    """Return settings with `changes` (KEY=VALUE, joined by commas; a dot leads into a mapping) in them.

    Raises ConfigError for what is no such text. Whether a key is known is for who reads the settings.
    """
    result = copy.deepcopy(dict(settings))
    for change in filter(None, (part.strip() for part in changes.split(","))):
        key, sign, value = change.partition("=")
        *path, last = key.strip().split(".")
        if not (sign and all([*path, last]) and value.strip()):
            raise ConfigError(f"{where}: setting '{change}': give KEY=VALUE, such as rules.rise=false")
        inner = result
        for name in path:
            inner = inner.setdefault(name, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"{where}: setting '{change}': '{name}' is no mapping")
        inner[last] = parse_yaml(value, f"{where}: setting '{change}'")
    return result
