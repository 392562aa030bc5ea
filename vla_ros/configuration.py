# SPDX-License-Identifier: Apache-2.0
"""YAML into frozen dataclasses: unknown keys, wrong types and bad ranges are one-line errors.

A name is looked for in the user's own configuration, the folder that VLA_CONFIG names, then in the package's config/.
"""

from __future__ import annotations

import dataclasses
import os
import types
import typing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Union

from controllers.errors import ConfigError, unknown_name
from vla_ros.documents import read_yaml

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Config = TypeVar("Config", bound="DataclassInstance")
USER_FOLDER = "VLA_CONFIG"  # the environment variable


def share_directory() -> Path:
    """Return the folder that holds config/, urdf/ and launch/: the clone, or share/vla_ros once installed."""
    root = Path(__file__).resolve().parent.parent
    if (root / "config").is_dir() and (root / "urdf").is_dir():
        return root
    for prefix in Path(__file__).resolve().parents:
        if (prefix / "share" / "vla_ros" / "config").is_dir():
            return prefix / "share" / "vla_ros"
    raise ConfigError("the folders config/ and urdf/ of vla_ros were not found: reinstall the package")


def shared_path(said: str) -> Path:
    """Return a path that settings name: absolute, in the home, else in what `share_directory` returns."""
    return share_directory() / Path(said).expanduser()  # an absolute path stays what it is


def load_config(path: Path, kind: type[Config]) -> Config:
    """Read a YAML file into the dataclass `kind`."""
    return build(kind, read_yaml(path), str(path))


def user_folder() -> Path | None:
    """Return the folder of the user's own configuration, which VLA_CONFIG names; None where it names none.

    Raises ConfigError when there is no such folder.
    """
    named = os.environ.get(USER_FOLDER, "")
    if not named:
        return None
    folder = Path(named).expanduser().resolve()
    if not folder.is_dir():
        raise ConfigError(f"{USER_FOLDER}={named}: is no folder: make it, or unset {USER_FOLDER}")
    return folder


def config_folders() -> tuple[Path, ...]:
    """Return the folders that configuration is looked for in: the user's own first, then the package's."""
    own, shipped = user_folder(), share_directory() / "config"
    return (shipped,) if own is None else (own, shipped)


def config_file(folder: str, file_name: str) -> Path:
    """Return <folder>/<file_name> of the user's own configuration where it is there, else of the package's."""
    *own, shipped = (root / folder / file_name for root in config_folders())
    return next((path for path in own if path.is_file()), shipped)


def config_names(folder: str, prefix: str = "") -> tuple[str, ...]:
    """List what <folder> of the configuration holds, without the `prefix` of the files that count."""
    files = (path for root in config_folders() for path in (root / folder).glob(f"{prefix}*.yaml"))
    return tuple(sorted({path.stem.removeprefix(prefix) for path in files}))


def is_config_file(name: str) -> bool:
    """Say whether a configuration is given by its file's path, not by its name."""
    return name.endswith((".yaml", ".yml"))


def absolute_config(name: str) -> str:
    """Return a configuration's file by its absolute path, or its name as it is: another process may stand elsewhere."""
    return str(Path(name).expanduser().resolve()) if is_config_file(name) else name


def config_path(folder: str, what: str, name: str, prefix: str = "") -> Path:
    """Return the file of `name` in <folder> of the configuration, or `name` itself where it is a .yaml file's path.

    Raises ConfigError with the nearest name of a `what`.
    """
    if is_config_file(name):
        return Path(name).expanduser()
    names = config_names(folder, prefix)
    if name not in names:
        raise ConfigError(unknown_name(what, name, names) + "; or the path of a .yaml file")
    return config_file(folder, f"{prefix}{name}.yaml")


@cache
def _hints(kind: type[DataclassInstance]) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def build(kind: type[Config], values: Any, where: str, defaults: Config | None = None) -> Config:
    """Fill the dataclass `kind` from a mapping; `where` prefixes every error message.

    A mapping names only what differs: from `defaults` if given, else from those of `kind`; so do mappings within it.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"{where}: expected a mapping, got {type(values).__name__}")
    hints = _hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    for key in values:
        if key not in fields:
            raise ConfigError(f"{where}: {unknown_name('key', str(key), fields)}")
    known = {name: _default(field) if defaults is None else getattr(defaults, name) for name, field in fields.items()}
    missing = [f"'{name}'" for name, one in known.items() if one is dataclasses.MISSING and name not in values]
    if missing:
        others = f", and {', '.join(missing[1:])}" if missing[1:] else ""
        raise ConfigError(f"{where}: key {missing[0]} is missing{others}")
    try:
        given = {key: _convert(hints[key], value, f"{where}: {key}", known[key]) for key, value in values.items()}
        return kind(**given) if defaults is None else dataclasses.replace(defaults, **given)
    except ConfigError as error:
        message = str(error)
        raise ConfigError(message if message.startswith(where) else f"{where}: {message}") from None


def _default(field: dataclasses.Field) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _convert(hint: Any, value: Any, where: str, default: Any = dataclasses.MISSING) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _convert(next(a for a in arguments if a is not type(None)), value, where, default)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return build(hint, value, where, default if isinstance(default, hint) else None)
    if origin is tuple:
        return _convert_tuple(arguments, value, where)
    if origin is dict:
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: expected a mapping, got {_shown(value)}")
        return {str(key): _convert(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        if value != value or value in (float("inf"), float("-inf")):
            raise ConfigError(f"{where}: must be finite, got {value}")
        return float(value)
    if hint is Any or (hint in (int, str, bool) and type(value) is hint):
        return value
    raise ConfigError(f"{where}: expected {getattr(hint, '__name__', hint)}, got {_shown(value)}")


def _convert_tuple(arguments: tuple, value: Any, where: str) -> tuple:
    if not isinstance(value, list):
        raise ConfigError(f"{where}: expected a list, got {_shown(value)}")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_convert(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if len(value) != len(arguments):
        raise ConfigError(f"{where}: expected {len(arguments)} values, got {len(value)}")
    return tuple(_convert(a, item, f"{where}[{i}]") for i, (a, item) in enumerate(zip(arguments, value, strict=True)))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:199]}…"
