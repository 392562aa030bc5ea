# SPDX-License-Identifier: Apache-2.0
"""The families of parsers: who reads an input of each, and the sound inputs that are damaged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from assets import CORPUS, ROOT


@dataclass(frozen=True)
class Family:
    """One parser, or a few that read the same kind of file."""

    name: str
    module: str  # of this package, and the function in it; imported where inputs are read, since some take seconds
    function: str
    beside: tuple[str, ...] = ()  # folders of the corpus that its files refer to
    shipped: str = ""  # which of the repository's own files are inputs as well, a pattern
    writes: bool = False  # the parser changes the folder, which is mended after each input
    watched: bool = False  # nothing may be imported, opened or executed meanwhile

    def inputs(self) -> list[Path]:
        """Return the sound inputs and those of former findings, in an order that stays."""
        own = sorted(path for path in (CORPUS / self.name).rglob("*") if path.is_file())
        return own + (sorted(path for path in ROOT.glob(self.shipped)) if self.shipped else [])

    def place(self, path: Path) -> str:
        """Return where an input lies in the folder that is laid out."""
        return str(path.relative_to(CORPUS if path.is_relative_to(CORPUS) else ROOT))

    def lay_out(self, folder: Path) -> dict[Path, Path]:
        """Make a folder of all inputs and what lies beside them; return where each input is in it."""
        shutil.rmtree(folder, ignore_errors=True)
        for name in (self.name, *self.beside):
            if (CORPUS / name).is_dir():
                shutil.copytree(CORPUS / name, folder / name)
        places = {}
        for path in self.inputs():
            places[path] = folder / self.place(path)
            if not places[path].exists():
                places[path].parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, places[path])
        return places

    def parser(self) -> Callable[[Path], None]:
        """Return what reads an input."""
        import importlib

        module = importlib.import_module(f"bench.parser_fuzzing.{self.module}")
        return getattr(module, self.function)


def _table() -> dict[str, Family]:
    file, protocol = partial(Family, module="file_parsers"), partial(Family, module="protocol_parsers")
    chunk, record = partial(Family, module="chunk_parsers"), partial(Family, module="record_parsers")
    weights = partial(Family, module="checkpoint_parsers")
    families = (
        chunk("action_chunk", function="action_chunk"),
        chunk("frame", function="frame"),
        Family("configuration", "configuration_parsers", "configuration", shipped="config/**/*.yaml"),
        weights("checkpoint", function="checkpoint"),
        weights("detector", function="detector"),
        record("rollout", function="rollout"),
        record("record", function="record", writes=True),
        record("calibration", function="calibration"),
        file("yaml", function="yaml"),
        file("json", function="json", writes=True),
        file("dataset", function="dataset"),
        file("bag", function="bag", writes=True),
        file("chunk", function="chunk"),
        file("image", function="image"),
        file("mesh", function="mesh"),
        file("mjcf", function="mjcf", beside=("mesh", "image")),
        file("urdf", function="urdf"),
        file("safetensors", function="safetensors"),
        file("npz", function="npz"),
        file("page", function="page"),
        file("hand_demonstration", function="hand_demonstration"),
        protocol("policy_request", function="policy_request", watched=True),
        protocol("policy_reply", function="policy_reply", watched=True),
        protocol("foreign_reply", function="foreign_reply", watched=True),
    )
    return {family.name: family for family in families}


FAMILIES = _table()
