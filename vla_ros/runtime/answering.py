# SPDX-License-Identifier: Apache-2.0
"""The child's side of `child_process.py`: requests on standard input, answers on standard output, until the input ends.

What libraries print goes to standard error; a request that cannot be done is answered by {"error": reason}, and the
next one is read. A frame that is none ends the process. Of ours only `frames.py` is imported: it runs in an environment
of others.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import numpy as np

from vla_ros.runtime.frames import Frame, FrameError, read_frame, write_frame

REASON_MAX = 2000  # characters of a refusal

Answer = Callable[[Mapping[str, Any], Mapping[str, np.ndarray]], Frame]


def answer_all(source: BinaryIO, sink: BinaryIO, answer: Answer) -> None:
    """Answer until the source ends. Raises FrameError for a frame that is none."""
    while (frame := read_frame(source)) is not None:
        try:
            values, arrays = answer(*frame)
        except FrameError:
            raise
        except Exception as error:  # told to the other side, whatever a library raised
            values, arrays = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:REASON_MAX]}"}, {}
        write_frame(sink, values, arrays)


def answer_standard_streams(answer: Answer, name: str) -> int:
    """Serve on this process's standard streams; return its exit status."""
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # libraries print
    sys.stdout = sys.stderr
    try:
        answer_all(source, sink, answer)
    except (FrameError, BrokenPipeError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    return 0
