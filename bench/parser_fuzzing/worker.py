# SPDX-License-Identifier: Apache-2.0
"""The process in which inputs are made and read: it may be killed by one, and says which it is at."""

from __future__ import annotations

import faulthandler
import os
import random
import signal
from functools import partial
from pathlib import Path
from typing import Any

from bench.parser_fuzzing.damage import damaged
from bench.parser_fuzzing.families import Family
from bench.parser_fuzzing.findings import Finding
from bench.parser_fuzzing.limits import bounded, limit_memory
from bench.parser_fuzzing.sound_folder import SoundFolder


def input_of(family: Family, seed: int, number: int, originals: dict[Path, bytes]) -> tuple[Path, bytes]:
    """Return which file the input of a number is made of, and its content: the first are the sound ones themselves."""
    paths = list(originals)
    if number < len(paths):
        return paths[number], originals[paths[number]]
    rng = random.Random(f"{family.name} {seed} {number}")
    original = rng.choice(paths)
    return original, damaged(originals[original], rng, originals[rng.choice(paths)])


def work(
    family: Family, numbers: range, seed: int, folder: Path, findings: Path | None, at: Any, failures: Any
) -> None:
    """Read the inputs of `numbers`, laid out in `folder`.

    `at` says the number under way, `failures` takes findings; ends with the parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to answer
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    parent = os.getppid()
    _quiet(None if findings is None else findings / f"{family.name}.log")
    judge = partial(bounded, family.parser())
    originals = {path: path.read_bytes() for path in family.inputs()}
    laid = SoundFolder(family, folder)
    for place in laid.places.values():  # what is loaded once is loaded now
        judge(place)
        laid.mend(place)
    if family.watched:
        from bench.parser_fuzzing.protocol_parsers import Watch

        judge = partial(Watch().during, judge)
    limit_memory()
    for number in numbers:
        at.value = number
        original, content = input_of(family, seed, number, originals)
        place = laid.places[original]
        place.write_bytes(content)
        failure = judge(place)
        if failure:
            failures.put((Finding(family.name, seed, number, family.place(original), failure), content))
        laid.mend(place)
        if os.getppid() != parent:
            return
    at.value = numbers.stop


def _quiet(log: Path | None) -> None:
    """Send what libraries complain about nowhere, and what the interpreter says when it dies into a file."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 1)
    os.dup2(devnull, 2)
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        faulthandler.enable(log.open("w"))
