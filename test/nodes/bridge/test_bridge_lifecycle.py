# SPDX-License-Identifier: Apache-2.0
"""The bridge as a managed node: a page from configured on, hands only while active, the port free after cleanup."""

from __future__ import annotations

import socket

import numpy as np
import pytest
from free_port import free_port
from lifecycle_msgs.msg import State, Transition
from lifecycle_operator import LifecycleOperator
from pages.live_page import LivePage
from rig.nodes import NodeUnderTest

from vla_ros.teleop.serving.pairing import keep_token

TOKEN = "token-of-the-lifecycle"


def listened_to(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_page_from_configured_on_and_the_port_is_free_after_cleanup(tmp_path):
    port = free_port()
    keep_token(tmp_path, TOKEN)
    node = NodeUnderTest("vr_bridge", autostart=False, port=port, folder=str(tmp_path))
    operator = LifecycleOperator()
    try:
        for _ in range(2):
            assert not listened_to(port)
            assert operator.change("vr_bridge_node", Transition.TRANSITION_CONFIGURE)
            assert listened_to(port)
            page = LivePage(f"http://127.0.0.1:{port}/?token={TOKEN}")
            page.go(lambda time: np.zeros(3))

            def refused(words: str, page: LivePage = page) -> bool:
                return operator.spin_until(lambda: words in page.state["arms"]["panda"]["refused"], 30.0)

            assert refused("the bridge is not active")
            assert operator.change("vr_bridge_node", Transition.TRANSITION_ACTIVATE)
            assert refused("control does not answer")  # none runs here
            assert operator.change("vr_bridge_node", Transition.TRANSITION_DEACTIVATE)
            assert refused("the bridge is not active")
            assert operator.change("vr_bridge_node", Transition.TRANSITION_CLEANUP)
            assert operator.state("vr_bridge_node") == State.PRIMARY_STATE_UNCONFIGURED
            assert operator.spin_until(lambda page=page: page.connection.close_code == 1001, 30.0)
            page.close()
        code, output, _ = node.stop()
        assert code == 0, output
        assert "Traceback" not in output, output
    finally:
        node.kill()
        operator.close()


def test_a_port_that_is_taken_fails_the_transition_and_another_try_may_succeed(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        node = NodeUnderTest("vr_bridge", autostart=False, port=port, folder=str(tmp_path))
        operator = LifecycleOperator()
        try:
            assert not operator.change("vr_bridge_node", Transition.TRANSITION_CONFIGURE)
            assert operator.spin_until(lambda: "vr_bridge_node" in operator.diagnostics)
            assert "give another" in operator.diagnostics["vr_bridge_node"]["message"]
            taken.close()
            assert operator.change("vr_bridge_node", Transition.TRANSITION_CONFIGURE)
            assert listened_to(port)
        finally:
            node.kill()
            operator.close()


@pytest.mark.parametrize(("name", "value"), [("hand", "middle"), ("port", 70000), ("facing", 400.0)])
def test_a_bad_parameter_ends_it_in_one_line(name, value):
    node = NodeUnderTest("vr_bridge", **{name: value})
    output, _ = node.process.communicate(timeout=60.0)
    assert node.process.returncode == 2
    assert name in output
    assert "Traceback" not in output
