# SPDX-License-Identifier: Apache-2.0
"""Settings of a policy that are changed for one run: `rules.rise=false,rules.commit=false` over its YAML's."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.configuration import absolute_config
from vla_ros.documents import parse_yaml

REMOTE = "remote"  # the family that asks a server


def with_server(
    policy: str, url: str, token_file: str = "", changes: str = "", colon: str = ":=", contract: str = ""
) -> str:
    """Return changes with the server that policy `remote` asks; a file's path is made absolute.

    `contract` says what the numbers of a server of others mean. Raises ConfigError for a server of a policy that asks
    none, and for a token's file or a contract without one. `colon` says how they were given: url:=… or --url ….
    """
    named = {"url": url, "url_token_file": token_file, "contract": contract}
    for name, value in named.items():
        option = f"--{name.replace('_', '-')} " if colon == " " else f"{name}{colon}"
        if value and (policy != REMOTE or not url):
            remedy = f"give {'--policy ' if colon == ' ' else 'policy:='}{REMOTE} too, or leave it out"
            raise ConfigError(
                f"{option}{value}: {f'policy {policy!r} asks no server' if url else 'names no server'}: {remedy}"
            )
        if "," in value:
            raise ConfigError(f"{option}{value}: holds a comma, which joins settings: give one without")
    if not url:
        return changes
    file = str(Path(token_file).expanduser().resolve()) if token_file else ""
    keys = {"url": url, "token_file": file, "contract": absolute_config(contract)}
    return ",".join(filter(None, [changes, *(f"{key}={json.dumps(value)}" for key, value in keys.items() if value)]))


def changes_of(values: Mapping[str, Any]) -> str:
    """Return what launch arguments, or parameters of their names, change of the settings of the policy they name.

    Raises ConfigError as `with_server`.
    """
    policy, url, token_file, setting, contract = (
        str(values.get(name) or "") for name in ("policy", "url", "url_token_file", "setting", "contract")
    )
    return with_server(policy, url, token_file, setting, contract=contract)


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
