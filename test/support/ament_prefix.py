# SPDX-License-Identifier: Apache-2.0
"""A package as it is installed under a prefix."""

from __future__ import annotations

from pathlib import Path


def install(prefix: Path, package: str, *executables: str) -> None:
    index = prefix / "share/ament_index/resource_index/packages"
    index.mkdir(parents=True, exist_ok=True)
    (index / package).touch()
    for name in executables:
        path = prefix / "lib" / package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\nexit 0\n")
        path.chmod(0o755)
