# SPDX-License-Identifier: Apache-2.0
"""JSON and YAML that somebody else wrote: bytes, depth, values and aliases are bounded before they are believed.

Everything that this project reads of either comes through here, so that no file ends in a traceback or in a machine
without memory. What comes back is at most DEPTH_MAX deep, all text in it can be encoded and all whole numbers fit into
64 bits, so that whoever compares, prints or converts it needs no care.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

import yaml

from controllers.errors import ConfigError

JSON_MAX = 16 << 20  # [B] of a JSON file: a list in it takes up to twenty times its text
YAML_MAX = 4 << 20  # [B] of a YAML file
DEPTH_MAX = 50  # mappings and lists in one another
VALUES_MAX = 200_000  # of a YAML file, aliases counted as often as they are used
_WHOLE_MAX = 2**64  # nothing of ROS or the formats read here is larger
_PLAIN_MAX = 10_000  # [characters] without quotes, which may be a number and take long to be one
_TAGS = (None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map")
# libyaml's are ten times faster, where PyYAML was built with it.
_Loader, _Dumper = getattr(yaml, "CSafeLoader", yaml.SafeLoader), getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class DocumentError(ConfigError):
    """A file or text that cannot be used as JSON or YAML."""


def read_bytes(path: Path, most: int) -> bytes:
    """Return a file's content, of at most `most` bytes. Raises DocumentError."""
    try:
        with path.open("rb") as file:  # not by its size: a device has none
            data = file.read(most + 1)
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read ({error.strerror})") from error
    if len(data) > most:
        raise DocumentError(f"{path}: larger than the {_size(most)} that such a file may have: is it the right one?")
    return data


def read_json(path: Path, most: int = JSON_MAX) -> Any:
    """Read a JSON file. Raises DocumentError."""
    return parse_json(read_bytes(path, most), str(path))


def parse_json(text: str | bytes, where: str, finite: bool = False) -> Any:
    """Return what JSON says; `finite`: NaN and Infinity are refused. Raises DocumentError that begins with `where`."""
    try:
        content = json.loads(text, parse_constant=_refused if finite else None)
    except (ValueError, RecursionError) as error:  # a number of 5000 digits is a ValueError too
        raise DocumentError(f"{where}: not valid JSON ({_reason(error)})") from None
    _check(content, where)
    return content


def _refused(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a finite number")


def read_yaml(path: Path) -> Any:
    """Read a YAML file. Raises DocumentError."""
    data = read_bytes(path, YAML_MAX)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path}: not a text file: give one of YAML, in UTF-8") from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, where: str) -> Any:
    """Return what YAML says: mappings, lists, text and numbers. Raises DocumentError that begins with `where`."""
    if len(text) > YAML_MAX:
        raise DocumentError(f"{where}: larger than the {_size(YAML_MAX)} that YAML may have: is it the right one?")
    try:
        _check_events(text, where)
        content = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or _reason(error)
        raise DocumentError(f"{where}: not valid YAML{line}: {problem}") from None
    except (ValueError, OverflowError, RecursionError) as error:  # a date that no calendar has, a number too long
        raise DocumentError(f"{where}: not valid YAML: {_reason(error)}") from None
    _check(content, where)
    return content


def yaml_text(content: Any) -> str:
    """Return what `parse_yaml` gives back: a value a line, keys in their order."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6)


def _check_events(text: str, where: str) -> None:
    """Count what a YAML text would become, without making it: an alias is what it stands for once more."""
    sizes: dict[str, int] = {}  # of anchors that are whole, [values]
    within: list[tuple[str | None, int]] = []  # anchor of each open mapping or list, and the count before it
    count = 0
    for event in yaml.parse(text, _Loader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise DocumentError(f"{where}, line {line}: *{event.anchor} names nothing that is whole before it")
            count += sizes[event.anchor]
        elif isinstance(event, yaml.NodeEvent):
            if event.tag not in _TAGS:
                raise DocumentError(f"{where}, line {line}: {event.tag}: write the value without a tag")
            count += 1
            if not isinstance(event, yaml.ScalarEvent):
                within.append((event.anchor, count - 1))
            elif event.anchor:
                sizes[event.anchor] = 1
            if isinstance(event, yaml.ScalarEvent) and event.implicit[0] and len(event.value) > _PLAIN_MAX:
                raise DocumentError(f"{where}, line {line}: {len(event.value)} characters without quotes: quote them")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = within.pop()
            if anchor:
                sizes[anchor] = count - before
        if len(within) > DEPTH_MAX:
            raise DocumentError(f"{where}, line {line}: nested more than {DEPTH_MAX} deep: flatten it")
        if count > VALUES_MAX:
            raise DocumentError(f"{where}, line {line}: more than {VALUES_MAX} values, aliases included: shorten it")


def _check(content: Any, where: str) -> None:
    """Refuse what would fail later: depth, halves of characters, numbers without end."""
    within: list[Iterator[Any]] = [iter((content,))]
    while within:
        for value in within[-1]:
            if isinstance(value, (dict, list)):
                if len(within) > DEPTH_MAX:
                    raise DocumentError(f"{where}: nested more than {DEPTH_MAX} deep: flatten it")
                within.append(chain(value, value.values()) if isinstance(value, dict) else iter(value))
                break
            if isinstance(value, str):
                if not value.isascii():
                    _check_text(value, where)
            elif isinstance(value, int) and not -_WHOLE_MAX < value < _WHOLE_MAX:
                raise DocumentError(f"{where}: holds a whole number of {value.bit_length()} bits: 64 at most")
        else:
            within.pop()


def _check_text(text: str, where: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DocumentError(f"{where}: holds half a character (a lone surrogate)") from None


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return f"nested more than {DEPTH_MAX} deep"
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def _size(count: int) -> str:
    return f"{count >> 20} MB"
