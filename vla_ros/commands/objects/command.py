# SPDX-License-Identifier: Apache-2.0
"""Look at objects: those of this installation, or whether a folder of your own can be used.

A folder holds, for each object, a model (OBJ, STL, MSH or MJCF) and a YAML of the same name: docs/objects.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError

if TYPE_CHECKING:
    from vla_ros.commands.objects.check import CheckedObject, FolderCheck


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `check` and `list`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="check|list")
    check = actions.add_parser(
        "check",
        help="say what is in a folder of objects, what is wrong with it, and draw all of them",
        description="Read every object of a folder and say of each: its size, the convex shapes it collides as, how "
        "it lies and how many grasps each of its poses offers, its colours, and what looks wrong. All problems are "
        "listed at once, each with its remedy. Writes a picture of all objects as they lie. Exit code 1 when an object "
        "cannot be used, 2 when there is no such folder.",
        epilog="example: vla objects check my_objects --sheet objects.png",
    )
    check.add_argument("folder", metavar="DIR", help="a folder of objects")
    check.add_argument("--sheet", metavar="FILE.png", help="where the picture goes (default: DIR/.vla_ros/sheet.png)")
    check.add_argument("--no-sheet", action="store_true", help="draw nothing")
    check.add_argument("--json", metavar="FILE", help="write what was found")
    listed = actions.add_parser(
        "list",
        help="name the objects of this installation, or of a folder",
        description="Name every object: category, shape, colours it comes in, size, mass.",
        epilog="example: vla objects list my_objects",
    )
    listed.add_argument("folder", nargs="?", metavar="DIR", help="a folder of objects (default: the built-in ones)")


def run(arguments: argparse.Namespace) -> int:
    """Check or list."""
    return _list(arguments.folder) if arguments.action == "list" else _check(arguments)


def _list(folder: str | None) -> int:
    from vla_ros.objects.catalogue import load_catalogue

    catalogue = load_catalogue(folder)
    for model in catalogue.objects:
        size = " × ".join(f"{1000 * edge:.0f}" for edge in model.size)
        split = "" if not catalogue.procedural else f"  {catalogue.splits[model.category]}"
        colors = catalogue.colors_of(model) if catalogue.procedural else (model.color_phrase,)
        print(f"{model.name:<24} {size:>16} mm {1000 * model.mass:>5.0f} g{split}  {', '.join(colors)}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from vla_ros.commands.objects.check import check_folder
    from vla_ros.output_file import check_output, write_output

    folder = Path(arguments.folder).expanduser()
    if not folder.is_dir():
        raise ConfigError(
            f"{arguments.folder}: no such folder of objects: name one, docs/objects.md says what is in it"
        )
    check_output("--json", arguments.json)
    check_output("--sheet", arguments.sheet, ".png")
    progress = _Progress()
    found = check_folder(folder, progress.show)
    progress.clear()
    print(_report(found))
    sheet = None if arguments.no_sheet else _draw(found, arguments.sheet)
    if sheet:
        print(f"\n{sheet}: a picture of each object as it lies and as it collides; the lines are 5 cm long")
    if arguments.json:
        write_output("--json", arguments.json, json.dumps(found.as_json(), indent=2) + "\n")
    return 1 if found.problems else 0


def _draw(found: FolderCheck, file: str | None) -> str:
    """Draw the sheet and return where it is; "" where there is nothing to draw."""
    from vla_ros.commands.objects.sheet import object_sheet
    from vla_ros.launching.egl import require_egl
    from vla_ros.objects.cache import FOLDER, cache_directory
    from vla_ros.output_file import write_output

    objects = [(item.model, item.resting) for item in found.objects if item.model is not None]
    if not objects:
        return ""
    require_egl()
    picture = object_sheet(objects)
    if file:
        write_output("--sheet", file, picture)
        return file
    for place in (found.folder / FOLDER, cache_directory()):
        try:
            place.mkdir(parents=True, exist_ok=True)
            write_output("--sheet", place / "sheet.png", picture)
        except (OSError, ConfigError):
            continue
        return str(place / "sheet.png")
    return ""


def _report(found: FolderCheck) -> str:
    lines = []
    for item in found.objects:
        lines += _rows(item)
    for problem in found.problems:
        lines.append(f"problem: {problem}")
    usable = sum(item.model is not None for item in found.objects)
    targets = sum(any(pose.count for pose in item.grasps) for item in found.objects)
    warnings = sum(len(item.warnings) for item in found.objects)
    lines.append(
        f"{found.folder}: {_count(usable, 'object')} can be used, {targets} of them as a target; "
        f"{_count(len(found.problems), 'problem')}, {_count(warnings, 'warning')}"
    )
    return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _rows(item: CheckedObject) -> list[str]:
    from vla_ros.sim.grasping.takeable import too_slippery

    if item.model is None:
        return [f"{item.path.stem}: cannot be used"]
    model = item.model
    size = " × ".join(f"{1000 * edge:.0f}" for edge in model.size)
    shapes = f"collides as {_count(len(model.collision_parts), 'convex shape')}"
    drawn = ", ".join(f"{word} {100 * share:.0f} %" for word, share in list(item.colors.items())[:3])
    rows = [
        f"{model.name}: {size} mm, {1000 * model.mass:.0f} g, {shapes}",
        f'  called    "{model.color_phrase} {model.category}"; drawn {drawn}',
    ]
    for index, (name, pose) in enumerate(zip(item.resting, item.grasps, strict=True)):
        label = "  lies      " if index == 0 else "            "
        if too_slippery(model):
            grasps = f"friction {model.friction:g} is too slippery: never a target"
        elif pose.count == 0:
            grasps = "no grasp from above fits an 8 cm gripper: never a target so"
        else:
            grasps = f"{'20 grasps or more' if pose.count >= 20 else _count(pose.count, 'grasp')}"
            grasps += f", the best {1000 * pose.width:.0f} mm wide"
        rows.append(f"{label}{name}: {grasps}")
    return rows + [f"  warning   {warning.removeprefix(f'{item.path}: ')}" for warning in item.warnings]


class _Progress:
    """Tell on a terminal which object is being read, and in a log every ten seconds."""

    def __init__(self) -> None:
        self._terminal, self._last = sys.stderr.isatty(), time.monotonic()

    def show(self, done: int, total: int, name: str) -> None:
        """Take the count of objects done, of how many, and the next one's name."""
        if self._terminal:
            print(f"\r\x1b[Kobject {done + 1} of {total}: {name}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._last >= 10:
            self._last = time.monotonic()
            print(f"object {done + 1} of {total}: {name}", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Remove the line."""
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
