# SPDX-License-Identifier: Apache-2.0
"""What a parser must not do, kept: the input, what happened, and the command that shows it again."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.parser_fuzzing.families import FAMILIES
from bench.parser_fuzzing.limits import bounded
from controllers.errors import ConfigError
from vla_ros.documents import read_json

ABOUT, TOLD = "finding.json", "traceback.txt"
KEPT_MAX = 3  # inputs that end alike


@dataclass(frozen=True)
class Finding:
    """An input of a family on which its parser failed."""

    family: str
    seed: int
    number: int
    file: str  # where the input lies in the family's folder
    failure: str

    @property
    def folder(self) -> str:
        """Return the name of its folder."""
        return f"{self.family}-{self.seed}-{self.number}"

    @property
    def signature(self) -> str:
        """Return what is the same for all inputs that fail alike: the place in the code and the error's type."""
        places = re.findall(r'File "[^"]*/(?:vla_ros|controllers)/([^"]+)", line (\d+)', self.failure)
        error = re.findall(r"^([A-Za-z_.]+(?:Error|Exception|Exit|Interrupt)?)(?::|$)", self.failure, re.MULTILINE)
        if places and error:
            return f"{error[-1]} at {places[-1][0]}:{places[-1][1]}"
        return re.sub(r"\d+(\.\d+)?", "#", self.failure)[:80]

    def keep(self, findings: Path, content: bytes) -> None:
        """Write it, with its input, below a folder."""
        place = findings / self.folder
        place.mkdir(parents=True, exist_ok=True)
        (place / Path(self.file).name).write_bytes(content)
        (place / ABOUT).write_text(json.dumps({**asdict(self), "input": Path(self.file).name}, indent=1) + "\n")
        (place / TOLD).write_text(f"{self.failure}\nAgain: ./vla bench fuzz --again {place}\n")


def again(folder: Path) -> str:
    """Return what a kept input does now; "" where its parser takes it as it should. Raises ConfigError."""
    said = read_json(folder / ABOUT)
    try:
        family, file = FAMILIES[said["family"]], str(said["file"])
        content = (folder / Path(said["input"]).name).read_bytes()
    except (KeyError, TypeError, OSError) as error:
        raise ConfigError(f"--again {folder}: no finding of `vla bench fuzz` ({error}): name a folder of its") from None
    with tempfile.TemporaryDirectory() as work:
        places = family.lay_out(Path(work))
        place = next((place for path, place in places.items() if family.place(path) == file), None)
        if place is None:
            raise ConfigError(f"--again {folder}: there is no input {file} any more: begin the fuzzing anew")
        place.write_bytes(content)
        return bounded(family.parser(), place)
