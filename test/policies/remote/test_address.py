# SPDX-License-Identifier: Apache-2.0
"""Where a policy server is: what is a URL of one, and what must not be sent where."""

from __future__ import annotations

import pytest

from controllers.errors import ConfigError
from vla_ros.policies.families.changed_settings import with_server
from vla_ros.policies.families.loading import check_policy
from vla_ros.policies.remote.address import server_address
from vla_ros.robots.embodiment import load_embodiment

PRINT = "ab" * 32


def test_a_url_says_host_certificate_and_whether_it_stays_here():
    here = server_address("ws://localhost:8000")
    assert (here.url, here.encrypted, here.local, here.certificate) == ("ws://localhost:8000", False, True, None)
    there = server_address(f"wss://10.0.0.5:8000#sha256={PRINT}")
    assert (there.url, there.encrypted, there.local) == ("wss://10.0.0.5:8000", True, False)
    assert there.certificate == bytes.fromhex(PRINT)
    assert server_address("ws://[::1]:8000/").url == "ws://[::1]:8000"
    assert [server_address(f"ws://{host}:1").local for host in ("127.0.0.9", "[::1]", "127.evil.org")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "text",
    ["", "localhost:8000", "http://localhost:8000", "ws://localhost", "ws://:8000", "ws://a:99999", "ws://[::1:8000",
     f"ws://a:1#sha256={PRINT}", "wss://a:1#sha256=abcd", f"wss://a:1#md5={PRINT}"],
)  # fmt: skip
def test_what_is_no_url_of_a_server_is_refused(text):
    with pytest.raises(ConfigError, match=r"^url '.*': .*give ws://HOST:PORT, or wss://HOST:PORT#sha256=…"):
        server_address(text)


def test_a_secret_in_a_url_is_refused_and_not_repeated():
    for text in ("ws://me:secret@localhost:8000", "ws://localhost:8000/?token=secret"):
        with pytest.raises(ConfigError, match="every user of this machine can read") as refused:
            server_address(text)
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["ws://10.0.0.5:8000", "ws://127.evil.org:8000"])
def test_what_moves_an_arm_crosses_no_network_in_the_clear(url):
    with pytest.raises(ConfigError, match="whoever is on the way could change what moves the arm"):
        check_policy("remote", load_embodiment("franka"), changes=with_server("remote", url))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (("graspvla", "ws://a:1"), "url:=ws://a:1: policy 'graspvla' asks no server: give policy:=remote too"),
        (("remote", "", "file"), "url_token_file:=file: names no server"),
        (("remote", "ws://a:1", "a,b"), "url_token_file:=a,b: holds a comma"),
        (("remote", "", "", "", ":=", "openpi_droid"), "contract:=openpi_droid: names no server"),
        (("graspvla", "ws://a:1", "", "", " ", "x"), "--url ws://a:1: policy 'graspvla' asks no server"),
    ],
)
def test_a_server_without_the_policy_that_asks_it_is_refused(given, reason):
    with pytest.raises(ConfigError) as refused:
        with_server(*given)
    assert reason in str(refused.value)
