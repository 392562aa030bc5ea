# SPDX-License-Identifier: Apache-2.0
"""A process that makes others which write a dataset and are killed, or find the disk full, at a chosen moment.

Each line on stdin is `<dataset> <kill at event> <bytes>`: the child adds and commits five episodes; it is killed (-9)
at that file event, counted from 1 (0: never), and no file of it can grow beyond the bytes (0: any size). The answer is
a line: exit status and number of file events.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

from controllers.errors import VlaError
from demonstrations.sample_dataset import SCHEMA, episode
from vla_ros.data.datasets.episode import EncodedEpisode
from vla_ros.data.datasets.writer import LeRobotWriter

FILE_EVENTS = ("open", "os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "ctypes.dlsym")


def write(root: Path, episodes: list[EncodedEpisode], kill_at: int, size_max: int, answer: int) -> None:
    """Add five episodes in three commits."""
    events = 0

    def count(event: str, arguments: tuple) -> None:
        nonlocal events
        if event in FILE_EVENTS:
            events += 1
            if events == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    if size_max:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_max, size_max))
    sys.addaudithook(count)
    code = 0
    try:
        with LeRobotWriter(root, SCHEMA) as out:
            for i, one in enumerate(episodes):
                out.add(one)
                if i in (0, 3):
                    out.commit()
    except VlaError as error:
        os.write(2, f"{error}\n".encode())
        code = 2
    os.write(answer, str(events).encode())
    os._exit(code)


def main() -> None:
    episodes = [episode(6 + i, 50 + i) for i in range(5)]
    for line in sys.stdin:
        root, kill_at, size_max = line.split()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            write(Path(root), episodes, int(kill_at), int(size_max), writing)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reading) as events:
            print(os.waitstatus_to_exitcode(status), events.read() or 0, flush=True)


if __name__ == "__main__":
    main()
