# SPDX-License-Identifier: Apache-2.0
"""Policy `remote` whose server is not there, goes and comes back, or answers late."""

from __future__ import annotations

import threading
import time

import pytest
from policy_making.served_policy import NEEDS, ROBOT, seen_at, served
from scene_making.drawn_scene import grasping_scene

from controllers.errors import ConfigError, VlaError
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.policies.families.changed_settings import with_server
from vla_ros.policies.families.loading import check_policy
from vla_ros.policies.remote.server_description import ServerDescription


def test_nobody_there_is_said_with_the_remedy():
    with served() as there:
        port = there.port
    with pytest.raises(ConfigError, match=rf"^ws://localhost:{port}: no connection .*: start ./vla serve POLICY there"):
        check_policy("remote", ROBOT, changes=with_server("remote", f"ws://localhost:{port}"))


def test_a_server_that_is_killed_is_named_and_asked_again_when_it_is_back():
    """In the middle of an episode in lockstep: the reason, then chunks again."""

    class Killing:
        """Ends the server before the third observation."""

        def __init__(self, remote, server) -> None:
            self.policy, self._server, self._count = remote, server, 0

        def reset(self) -> None:
            self.policy.reset()

        def infer(self, observation):
            self._count += 1
            if self._count == 3:
                self._server.close()
            return self.policy.infer(observation)

    runner = EpisodeRunner(EpisodeSettings("geometric", spl=False))
    scene = grasping_scene("basic", 3, "generation", wording="common")
    with served() as there:
        port, remote = there.port, there.remote()
        with pytest.raises(VlaError, match=rf"ws://localhost:{port}: .*(lost|no connection)"):
            runner.run_scene(scene, Killing(remote, there.server))
    time.sleep(0.3)  # longer than the first pause
    with pytest.raises(VlaError, match="no connection"):
        remote.infer(seen_at(1.0))
    with served(port=port) as again:
        with pytest.raises(VlaError, match="no connection"):  # nobody is asked before a pause is over
            remote.infer(seen_at(1.0))
        deadline = time.monotonic() + 10.0
        while True:
            try:
                chunk = remote.infer(seen_at(2.0))
                break
            except VlaError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert chunk.stamp == 2.0
        assert again.policies[0].resets == 1


def test_another_policy_at_the_same_address_is_refused():
    with served() as there:
        port, remote = there.port, there.remote()
        remote.infer(seen_at(1.0))
    other = ServerDescription("other", ROBOT.name, needs=NEEDS)
    with served(port=port, description=other):
        deadline = time.monotonic() + 10.0
        while True:
            with pytest.raises(VlaError) as refused:
                remote.infer(seen_at(1.0))
            if "serves other for franka now" in str(refused.value):
                break
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_late_reply_is_never_taken_for_the_next():
    with served() as there:
        remote = there.remote(changes="timeout_s=0.3")
        remote.infer(seen_at(1.0))
        there.policies[0].delay = 0.6
        with pytest.raises(VlaError, match=r"no reply within 0\.3 s"):
            remote.infer(seen_at(1.1))
        there.policies[0].delay = 0.0
        time.sleep(0.6)
        assert remote.infer(seen_at(1.2)).stamp == 1.2


def test_a_reply_from_before_a_reset_is_dropped():
    with served() as there:
        remote = there.remote()
        remote.infer(seen_at(1.0))
        there.policies[0].delay = 0.5
        threading.Timer(0.1, remote.reset).start()
        with pytest.raises(VlaError, match="before a reset is dropped"):
            remote.infer(seen_at(1.1))


def test_who_asks_while_it_is_closed_is_not_left_waiting():
    with served() as there:
        robot = there.remote()
        robot.infer(seen_at(1.0))
        there.policies[0].delay = 2.0
        came: list[str] = []

        def ask() -> None:
            for stamp in (2.0, 3.0):  # one is under way when it is closed, one comes after that
                with pytest.raises(VlaError) as error:
                    robot.infer(seen_at(stamp))
                came.append(str(error.value))

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        time.sleep(0.3)
        robot.close()
        asking.join(10.0)
        assert not asking.is_alive()
        assert len(came) == 2


def test_how_long_a_request_takes_is_known():
    with served() as there:
        remote = there.remote()
        there.policies[0].delay = 0.2
        chunk = remote.infer(seen_at(1.0))
        assert chunk.inference_s == remote.timing.total_s
        assert 0.2 <= remote.timing.server_s <= remote.timing.total_s
        assert remote.timing.transport_s < 0.2


def test_a_server_for_another_robot_is_refused():
    with (
        served(description=ServerDescription("scripted", "ur5e", needs=NEEDS)) as there,
        pytest.raises(ConfigError, match=r"serves robot 'ur5e', and this is 'franka': start ./vla serve scripted"),
    ):
        there.remote()
