# SPDX-License-Identifier: Apache-2.0
"""Who drives, how late packets are, and which pictures wait."""

from __future__ import annotations

import pytest

from vla_ros.teleop.lateness import Lateness
from vla_ros.teleop.pictures import PictureQueue
from vla_ros.teleop.seat import SILENT_S, Seat


def test_lateness_is_against_the_quickest_packet_whatever_the_clocks_say():
    late = Lateness()
    assert late.of(1000.0, 5.02) == 0.0
    assert late.of(1000.1, 5.11) == 0.0
    assert late.of(1000.2, 5.61) == pytest.approx(0.4)


def test_a_page_that_is_loaded_again_is_not_late():
    late = Lateness()
    late.of(1000.0, 5.0)
    assert late.of(0.5, 6.0) == 0.0
    assert late.of(0.6, 6.4) == pytest.approx(0.3)


def test_clocks_that_drift_are_followed():
    late = Lateness()
    worst = max(late.of(0.1 * n, 0.1 * n * (1.0 + 1e-4)) for n in range(36000))  # an hour, 0.1 ms a second
    assert worst < 0.01


def test_one_drives_and_the_others_watch():
    seat = Seat()
    for client, name in ((1, "Ada"), (2, "Bob")):
        seat.join(client, name)
    assert seat.claim(1, 0.0)
    assert not seat.claim(2, 0.5)
    assert (seat.driver, seat.driver_name, seat.watchers) == (1, "Ada", 1)
    assert not seat.leave(2)
    assert seat.part(1)
    assert (seat.driver_name, seat.watchers) == ("", 1)
    assert seat.claim(2, 1.0)


def test_a_silent_driver_loses_the_seat_only_when_somebody_asks():
    seat = Seat()
    seat.join(1, "Ada")
    seat.join(2, "Bob")
    seat.claim(1, 0.0)
    seat.refresh(1, 10.0)
    assert not seat.claim(2, 10.0 + SILENT_S)
    assert seat.claim(2, 10.1 + SILENT_S)
    assert not seat.part(1)


def test_pictures_wait_for_acknowledgement_camera_by_camera():
    now = [0.0]
    queue = PictureQueue(lambda: now[0])
    for stamp in (1.0, 2.0, 3.0, 4.0):
        queue.offer(0, stamp, b"%d" % stamp)
        if stamp < 3.0:
            assert queue.take() == b"%d" % stamp
    queue.offer(1, 1.0, b"other")
    assert queue.take() == b"other"
    assert queue.take() is None
    queue.seen(0, 2.0)
    assert queue.take() == b"4"


def test_an_acknowledgement_that_is_lost_is_not_waited_for_forever():
    now = [0.0]
    queue = PictureQueue(lambda: now[0])
    for stamp in (1.0, 2.0, 3.0):
        queue.offer(0, stamp, b"x")
        queue.take()
    assert not queue.wants(0)
    now[0] = 5.0
    assert queue.wants(0)
    assert queue.take() == b"x"
