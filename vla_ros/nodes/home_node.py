# SPDX-License-Identifier: Apache-2.0
"""Take the robot home and hold it there, whatever moved it before; then this node ends.

Exit code 0 when the arm is home, 1 when it is not. Arms one after the other, then lift and head.
"""

from __future__ import annotations

from vla_ros.nodes.arm.client import ArmClient
from vla_ros.nodes.arm.way_home import HOME_TOLERANCE, ControlRefused, WayHome
from vla_ros.nodes.parameters import declare
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node


def serve(stop: StopRequest) -> int:
    """Enable control where it is not, go home, disable it: the arm then holds itself."""
    node = ArmClient("home_node")
    timeout = declare(node, "ready_timeout_s", 5.0, "how long to look for a running control [s]", 0.1, 600.0)
    way = WayHome(node, Spinner(node, stop))
    try:
        with way.in_charge(lambda: node.ready and len(node.commanded) == len(node.embodiment.arms), timeout):
            away = way.go()
    except ControlRefused as error:
        print(error, flush=True)
        return 1
    home = away < HOME_TOLERANCE
    reason = node.progress.refused or node.progress.hold_reason
    print("home" if home else f"stopped {away:.2f} rad from home: {reason}", flush=True)
    return 0 if home else 1


def main() -> int:
    """Run the node."""
    return run_node("home", serve)


if __name__ == "__main__":
    raise SystemExit(main())
