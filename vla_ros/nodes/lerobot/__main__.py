# SPDX-License-Identifier: Apache-2.0
"""A device of LeRobot's in the graph: asked by frames on standard input, which a process without ROS writes.

It ends with its input, gives the arm back then, and a request that cannot be done is answered by the reason.
"""

from __future__ import annotations

from vla_ros.nodes.lerobot.requests import Requests
from vla_ros.nodes.spinning import StopRequest
from vla_ros.runtime.answering import answer_standard_streams


def main() -> int:
    """Answer until the input ends."""
    requests = Requests(StopRequest())
    try:
        return answer_standard_streams(requests.answer, "lerobot")
    finally:
        requests.close()


if __name__ == "__main__":
    raise SystemExit(main())
