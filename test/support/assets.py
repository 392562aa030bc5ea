# SPDX-License-Identifier: Apache-2.0
"""Where the clone and the tests' files are."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "test" / "assets"
CORPUS = ASSETS / "corpus"  # malformed and ordinary files for every parser
OBJECTS = ASSETS / "objects"  # an object folder as a user would make it
PAIR = ASSETS / "robots" / "pair.yaml"  # a robot that nobody wrote code for
