# SPDX-License-Identifier: Apache-2.0
"""A user's own policy: a class, or a function that makes one, from FILE.py:NAME or an installed package.

`FILE.py:NAME` runs that file. It comes from a command line, or from the launch arguments of whoever starts the graph,
and from nowhere else: no recording, dataset, checkpoint or message is ever read for a policy's name.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.base import Policy
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.families.family import PolicyFamily
from vla_ros.policies.needs import Needs, everything

METHODS = ("infer", "reset")
PARAMETERS = ("robot", "checkpoint")  # that a maker may have, by these names


def is_file(name: str) -> bool:
    """Tell a user's FILE.py:NAME from the name of a family."""
    path, separator, _ = name.rpartition(":")
    return name.endswith(".py") or (bool(separator) and path.endswith(".py"))


def from_file(text: str) -> type[PolicyFamily]:
    """Return the specification of FILE.py:NAME. Raises ConfigError, in one line, for the first thing that is wrong."""
    file, _, name = text.rpartition(":") if not text.endswith(".py") else (text, "", "")
    path = Path(file).expanduser().resolve()
    if not path.is_file():
        raise ConfigError(f"policy {text}: there is no file {path}")
    module = _imported(path, text)
    offered = [key for key, value in vars(module).items() if not key.startswith("_") and _is_own(value, module)]
    if not name:
        raise ConfigError(f"policy {text}: say which one: {text}:NAME, of {', '.join(offered) or 'none'}")
    if not hasattr(module, name):
        raise ConfigError(f"policy {text}: {unknown_name('name', name, offered)}")
    return own_family(getattr(module, name), f"policy {text}")


def own_family(made_by: Any, who: str) -> type[PolicyFamily]:
    """Return the specification of a class or function that makes policies, or itself where it is one.

    Raises ConfigError for anything else.
    """
    if isinstance(made_by, type) and issubclass(made_by, PolicyFamily):
        lacking = ", ".join(f"{name}()" for name in sorted(made_by.__abstractmethods__))
        if lacking:
            raise ConfigError(f"{who}: class {made_by.__name__} is a PolicyFamily without {lacking}: write them")
        return made_by
    if isinstance(made_by, type):
        missing = [method for method in METHODS if not callable(getattr(made_by, method, None))]
        if missing:
            raise ConfigError(f"{who} is no policy: class {made_by.__name__} has no method {missing[0]}()")
    elif not callable(made_by):
        raise ConfigError(f"{who} is no policy: it is of type {type(made_by).__name__}, give a class or a function")
    asked = _parameters(made_by, who)
    needs, gives = getattr(made_by, "needs", None), getattr(made_by, "gives", None)
    for key, value, kind in (("needs", needs, Needs), ("gives", gives, ActionContract)):
        if value is not None and not isinstance(value, kind):
            raise ConfigError(f"{who}: {key} is of type {type(value).__name__}, give a {kind.__name__}")
    summary_text = (inspect.getdoc(made_by) or "your own policy").splitlines()[0]

    class OwnPolicy(PolicyFamily):
        """A specification that the user's class or function answers for."""

        summary = summary_text
        learned = "checkpoint" in asked

        def needs(self) -> Needs:
            return everything(self.choice.robot) if needs is None else needs

        def gives(self) -> ActionContract | None:
            return gives

        def load(self) -> Policy:
            given = {"robot": self.choice.robot, "checkpoint": self.choice.checkpoint}
            try:
                policy = made_by(**{key: given[key] for key in asked})
            except ConfigError:
                raise
            except Exception as error:  # whatever the user's code raises
                raise ConfigError(f"{who} cannot be made: {_reason(error)}") from error
            if not isinstance(policy, Policy):
                raise ConfigError(f"{who} is no policy: what it makes is of type {type(policy).__name__}, "
                                  "without infer() and reset()")  # fmt: skip
            return policy

    return OwnPolicy


def _is_own(value: Any, module: Any) -> bool:
    """Say whether a file defines something that makes policies: what it imports is nobody's choice."""
    return _makes_policies(value) and getattr(value, "__module__", "") == module.__name__


def _makes_policies(value: Any) -> bool:
    if isinstance(value, type):
        return all(callable(getattr(value, method, None)) for method in METHODS) or issubclass(value, PolicyFamily)
    return inspect.isfunction(value)


def _parameters(made_by: Callable[..., Any], who: str) -> tuple[str, ...]:
    """Return which of PARAMETERS it takes. Raises ConfigError for another one that it cannot do without."""
    try:
        parameters = inspect.signature(made_by).parameters.values()
    except (TypeError, ValueError):
        return ()
    for one in parameters:
        optional = one.default is not one.empty or one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        if one.name not in PARAMETERS and not optional:
            raise ConfigError(
                f"{who} is to be made with '{one.name}', which nobody gives: its parameters may be "
                f"{' and '.join(PARAMETERS)}, and others with a default"
            )
    return tuple(one.name for one in parameters if one.name in PARAMETERS)


def _imported(path: Path, text: str) -> Any:
    name = f"vla_ros_own_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path)
    if specification is None or specification.loader is None:
        raise ConfigError(f"policy {text}: {path} is no Python file")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # dataclasses look their module up
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # what lies beside it, as for a script; last: it hides nothing of ours
    try:
        specification.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        del sys.modules[name]
        raise ConfigError(f"policy {text}: {path} does not import: {_reason(error)}") from None
    return module


def _reason(error: BaseException) -> str:
    """Return what was raised in one line, with the line of the file where Python says it."""
    line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
    return f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}{line}".splitlines()[0]
