# SPDX-License-Identifier: Apache-2.0
"""The wording of a task that asks for what lies there: sentences with slots, and nouns for them, by family.

Families as in config/tasks/wording.yaml: what is unseen is for evaluation alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from controllers.errors import ConfigError
from vla_ros.configuration import load_config, share_directory
from vla_ros.sim.scenes.wording import FAMILIES


@dataclass(frozen=True)
class Wording:
    """A file config/tasks/<task>_wording.yaml."""

    asking: dict[str, tuple[str, ...]]  # family → sentences
    nouns: dict[str, dict[str, tuple[str, ...]]]  # family → what is meant → what it is called

    def __post_init__(self) -> None:
        if set(self.asking) != set(FAMILIES) or set(self.nouns) != set(FAMILIES):
            raise ConfigError(f"asking and nouns must have {', '.join(FAMILIES)}")
        if shared := set(self.asking["unseen"]) & {*self.asking["common"], *self.asking["training"]}:
            raise ConfigError(f"asking: '{min(shared)}' is unseen, and another family says it")

    def names(self, instruction: str, what: str) -> bool:
        """Say whether an instruction names what is meant, in the words of any family."""
        said = instruction.lower()
        return any(noun.lower() in said for family in self.nouns.values() for noun in family[what])


@cache
def load_wording(task: str, *slots: str) -> Wording:
    """Return the wording of a task whose sentences hold each of some slots once. Raises ConfigError."""
    wording = load_config(share_directory() / "config" / "tasks" / f"{task}_wording.yaml", Wording)
    for sentence in (one for sentences in wording.asking.values() for one in sentences):
        for slot in slots:
            if sentence.count("{" + slot + "}") != 1:
                raise ConfigError(f"asking: '{sentence}' must hold {{{slot}}} once")
    return wording
