# SPDX-License-Identifier: Apache-2.0
"""A process of the lowest priority that summarises one bag: `python -m … BAG FOLDER`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2

from controllers.errors import VlaError
from vla_ros.teleop.episodes.summary import Summary, summarise, write_summary

NICENESS = 15


def main() -> int:
    """Summarise; a bag that cannot be is said so in its summary, so that nobody tries again and again."""
    bag, folder = Path(sys.argv[1]), Path(sys.argv[2])
    os.nice(NICENESS)
    cv2.setNumThreads(1)
    try:
        summarise(bag, folder)
    except VlaError as error:
        folder.mkdir(parents=True, exist_ok=True)
        write_summary(folder, Summary(problem=str(error), marks=(str(error),)))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
