# SPDX-License-Identifier: Apache-2.0
"""Move the arm so that its friction and payload show, record it, and end; the arm must be home.

Exit code 0 when the recording is written, 1 when the arm was not moved to the end.
"""

from __future__ import annotations

from pathlib import Path

from controllers.errors import VlaError
from vla_ros.nodes.arm.client import ArmClient
from vla_ros.nodes.arm.excitation_run import ExcitationRun
from vla_ros.nodes.arm.way_home import WayHome
from vla_ros.nodes.parameters import declare
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node
from vla_ros.robots.control import load_control_config
from vla_ros.robots.identification.excitation import Excitation
from vla_ros.robots.identification.excitation_search import SearchConfig
from vla_ros.robots.identification.recording import write_recording
from vla_ros.seed_range import SEED_MAX


def serve(stop: StopRequest) -> int:
    """Look for an excitation, enable control, play it, disable control: the arm then holds itself."""
    node = ArmClient("identify_node")
    path = Path(declare(node, "file", "", "where the recording goes"))
    with_gravity = declare(node, "with_gravity", False, "joint_states' effort includes the arm's own weight")
    excitation = _excitation(node)
    way = WayHome(node, Spinner(node, stop))
    timeout = declare(node, "ready_timeout_s", 5.0, "how long to look for a running control [s]", 0.1, 600.0)
    try:
        with way.in_charge(lambda: node.ready, timeout):
            recording = ExcitationRun(node, way, excitation, with_gravity).go()
    except VlaError as error:
        print(error, flush=True)
        return 1
    write_recording(path, recording)
    return 0


def _excitation(node: ArmClient) -> Excitation:
    from vla_ros.planning.excitation import find_excitation

    config = SearchConfig(
        period=declare(node, "period", SearchConfig.period, "of one series [s]", 2.0, 120.0),
        fits=declare(node, "fits", SearchConfig.fits, "series to fit, before the one to validate with", 1, 10),
        speed_share=declare(node, "speed_share", SearchConfig.speed_share, "of what control may plan", 0.05, 1.0),
    )
    table = declare(node, "table", 0.0, "height of the table in the base frame [m]", -2.0, 0.5)
    seed = declare(node, "seed", 0, "of the search", 0, SEED_MAX)
    embodiment = node.embodiment
    return find_excitation(
        embodiment, embodiment.only_arm.name, load_control_config(embodiment.source), config, table, seed
    )


def main() -> int:
    """Run the node."""
    return run_node("identify", serve)


if __name__ == "__main__":
    raise SystemExit(main())
