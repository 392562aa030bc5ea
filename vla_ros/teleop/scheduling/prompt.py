# SPDX-License-Identifier: Apache-2.0
"""What the operator is told to do next, and which scene the simulator shows for it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from vla_ros.teleop.scheduling.task import Cell, CollectTask


@dataclass(frozen=True)
class SceneInstruction:
    """What the simulator says is to be done in its scene."""

    instruction: str = ""
    prompts: tuple[str, ...] = ()  # what the task tells an operator, a line each


@dataclass(frozen=True)
class Prompt:
    """One combination, in words, with the scene for it."""

    cell: Cell
    seed: int
    title: str
    text: str  # how to arrange it, what to do
    instruction: str  # what is recorded as the task; empty until the simulator has said its scene's own
    target: str = ""  # the object that counts, as the simulator is told
    scene: dict[str, str | int] | None = None  # parameters of the simulator; None on a real robot
    task: str = ""  # of the scene; empty: the default one

    def with_scene_instruction(self, words: SceneInstruction) -> Prompt:
        """Return it with the scene's own words where the schedule leaves them to the scene."""
        if self.instruction:
            return self
        text = self.text or " ".join(_sentence(line) for line in words.prompts)
        return dataclasses.replace(self, instruction=words.instruction, text=text)

    def as_dict(self) -> dict[str, Any]:
        """Return what the operator's page shows."""
        words = {"title": self.title, "text": self.text, "instruction": self.instruction, "seed": self.seed}
        return words | self.cell.as_dict() | {"scene": self.scene, "task": self.task}


def make_prompt(task: CollectTask, cell: Cell, seed: int) -> Prompt:
    """Return the prompt of a cell of the task; `seed` numbers its simulated scene."""
    action, thing = task.actions[cell.action], task.objects[cell.object]
    background, position = task.backgrounds[cell.background], task.positions[cell.position]
    words = {
        "action": cell.action,
        "object": thing.words or cell.object,
        "background": background.text or cell.background,
        "position": position.text or cell.position,
    }
    instruction = action.instruction.format(**words)
    do = action.text.format(**words) if action.text else instruction
    target = thing.target or cell.object
    scene: dict[str, str | int] | None = None
    if task.simulated:
        place = cell.position if position.place is None else position.place
        scene = {
            "set": background.set, "seed": seed, "stream": task.stream, "categories": task.categories,
            "objects": task.folder, "target": target, "place": place,
        }  # fmt: skip
    arrange = "" if task.simulated else _arrange(words, thing.beside)
    text = f"{arrange} {_sentence(do)}".strip()
    return Prompt(cell, seed, f"{cell.action}: {words['object']}", text, instruction, target, scene, task.task)


def _arrange(words: dict[str, str], beside: str) -> str:
    """Return how a person prepares the table."""
    where = f" {words['position']}" if words["position"] else " on the table"
    parts = [f"Put the {words['object']}{where}"]
    if beside:
        parts.append(f"beside it {beside}")
    if words["background"]:
        parts.append(f"background: {words['background']}")
    return f"{'; '.join(parts)}."


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."
