# SPDX-License-Identifier: Apache-2.0
"""Tokens, certificates, hosts and links: who may come to the page, and how."""

from __future__ import annotations

import datetime
import os
import ssl
import stat
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros import token_file
from vla_ros.teleop.serving import addresses, certificate, keeping, pairing


def test_a_token_outlives_a_run_and_only_its_owner_may_read_it(tmp_path):
    folder = keeping.user_folder(str(tmp_path / "a" / "b"))
    token = pairing.pairing_token(folder)
    assert pairing.pairing_token(folder) == token
    assert stat.S_IMODE((folder / "token").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert pairing.pairing_token(folder, renew=True) != token
    (folder / "token").chmod(0o644)
    assert pairing.pairing_token(folder) != token  # whoever could read it may have


@pytest.mark.parametrize("kept", ["", "short", "with spaces in it, and long enough", "\xff" * 30])
def test_a_kept_token_that_is_none_is_replaced(tmp_path, kept):
    keeping.write_private(tmp_path / "token", kept.encode("latin-1"))
    assert pairing.pairing_token(tmp_path) != kept
    assert token_file.chosen_token(tmp_path / "token") == pairing.pairing_token(tmp_path)


def test_a_chosen_token_must_be_long_and_fit_a_link(tmp_path):
    for token in ("", "short", "a token with spaces in it", "x" * 200, "y" * 9000, "töken-of-twenty-chars"):
        pairing.keep_token(tmp_path, token)
        with pytest.raises(ConfigError, match="16 to 128") as refused:
            token_file.chosen_token(tmp_path / "token")
        assert token == "" or token not in str(refused.value)


def test_a_chosen_token_is_its_owners_alone(tmp_path):
    pairing.keep_token(tmp_path, "a-token-of-twenty-one")
    (tmp_path / "token").chmod(0o640)
    with pytest.raises(ConfigError, match=r"token_file:=.*: others may read it, or it is not yours"):
        token_file.chosen_token(tmp_path / "token")
    for missing in (tmp_path, tmp_path / "none", tmp_path / "token" / "x"):
        with pytest.raises(ConfigError, match="is no file: write a token into one"):
            token_file.chosen_token(missing)


def test_what_is_private_is_written_through_no_link(tmp_path, monkeypatch):
    """Whoever else may write into the folder guesses the name of what is not finished yet, and lays a link there."""
    (tmp_path / "mine").write_text("my own words")
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in (os.getpid(), "0" * 16):
        (folder / f".token.{number}").symlink_to(tmp_path / "mine")
    monkeypatch.setattr("secrets.token_hex", lambda count: "00" * count)
    with pytest.raises(ConfigError, match="cannot be written"):
        keeping.write_private(folder / "token", b"secret")
    assert (tmp_path / "mine").read_text() == "my own words"
    monkeypatch.undo()
    (folder / "token").symlink_to(tmp_path / "mine")
    keeping.write_private(folder / "token", b"secret")
    assert (tmp_path / "mine").read_text() == "my own words"
    assert (folder / "token").read_bytes() == b"secret"


def test_the_code_in_the_terminal_is_the_link():
    link = pairing.page_link("https", "192.0.2.7", 8443, "A" * 32)
    rows = pairing.qr_text(link).split("\n")
    modules = np.array([[half for c in row for half in [c]] for row in rows])
    upper = np.isin(modules, ["█", "▀"])
    lower = np.isin(modules, ["█", "▄"])
    light = np.empty((2 * len(rows), modules.shape[1]), bool)
    light[::2], light[1::2] = upper, lower
    image = np.kron(np.pad(light, 4, constant_values=True), np.ones((8, 8))).astype(np.uint8) * 255
    assert cv2.QRCodeDetector().detectAndDecode(image)[0] == link
    assert pairing.qr_svg(link).startswith(b"<?xml")


def test_a_certificate_is_for_this_machine_kept_and_renewed(tmp_path):
    certificate.tls_context(tmp_path)
    names, hosts, ends = certificate.certified(tmp_path / "certificate.pem")
    assert {"localhost", *addresses.machine_names()} <= names
    assert set(addresses.machine_addresses()) <= hosts
    assert "127.0.0.1" in {str(host) for host in hosts}
    assert datetime.timedelta(days=360) < ends - datetime.datetime.now(datetime.UTC) < datetime.timedelta(days=398)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    before = certificate.fingerprint(tmp_path)
    certificate.tls_context(tmp_path)
    assert certificate.fingerprint(tmp_path) == before
    (tmp_path / "key.pem").chmod(0o640)
    certificate.tls_context(tmp_path)
    assert certificate.fingerprint(tmp_path) != before


def test_a_new_address_gets_a_new_certificate(tmp_path, monkeypatch):
    certificate.tls_context(tmp_path)
    before = certificate.fingerprint(tmp_path)
    more = (*addresses.machine_addresses(), addresses.ipaddress.ip_address("192.0.2.77"))
    monkeypatch.setattr(certificate, "machine_addresses", lambda: more)
    certificate.tls_context(tmp_path)
    assert certificate.fingerprint(tmp_path) != before
    assert "192.0.2.77" in {str(host) for host in certificate.certified(tmp_path / "certificate.pem")[1]}


def test_a_broken_certificate_is_made_anew(tmp_path):
    certificate.tls_context(tmp_path)
    (tmp_path / "certificate.pem").write_text("nonsense")
    assert isinstance(certificate.tls_context(tmp_path), ssl.SSLContext)


def test_no_certificate_possible_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"no folder for certificate and pairing .*; give another with folder:="):
        keeping.user_folder(str(tmp_path / "file" / "folder"))
    (tmp_path / "key.pem").mkdir()
    with pytest.raises(ConfigError, match=r"key\.pem: cannot be written .*; give another folder"):
        certificate.tls_context(tmp_path)
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


@pytest.mark.parametrize(
    ("host", "bound"),
    [
        ("localhost", "127.0.0.1"),
        ("all", "0.0.0.0"),
        *((str(address),) * 2 for address in addresses.machine_addresses() if not address.is_loopback),
    ],
)
def test_hosts_to_listen_on(host, bound):
    assert addresses.bind_address(host) == bound
    assert addresses.is_local(bound) is (host == "localhost")
    assert addresses.link_hosts(bound)


def test_a_link_to_an_ipv6_address_can_be_opened():
    link = pairing.page_link("https", addresses.link_hosts("2001:db8::7")[0], 8443, "x" * 20)
    assert (urlsplit(link).hostname, urlsplit(link).port) == ("2001:db8::7", 8443)
    assert addresses.link_hosts("192.0.2.2") == ("192.0.2.2",)


def test_a_host_that_is_none_is_one_line():
    with pytest.raises(ConfigError, match=r"host:=robot\.lab: give localhost, all, or an address"):
        addresses.bind_address("robot.lab")


@pytest.mark.parametrize("host", ["192.0.2.5", "2001:db8::5"])
def test_an_address_of_another_machine_is_one_line_that_names_ours(host):
    reason = rf"host:={host}: is no address of this machine: give one of localhost, all"
    with pytest.raises(ConfigError, match=reason) as caught:
        addresses.bind_address(host)
    ours = [str(address) for address in addresses.machine_addresses() if not address.is_loopback]
    assert all(address in str(caught.value) for address in ours)
