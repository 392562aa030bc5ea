# SPDX-License-Identifier: Apache-2.0
"""Hand demonstrations as they arrive over a real socket: kept whole and once, or refused and nothing left behind."""

from __future__ import annotations

import errno
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest
import yaml
from robot_rigs.operated_robot import TOKEN, in_session

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.data.datasets.features import IMAGES, STATE
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.hands.demonstration import read_demonstration
from vla_ros.teleop.hand_recording import arrival, checks
from vla_ros.teleop.hand_recording.server import HandRecordingServer
from vla_ros.teleop.hand_recording.settings import HandRecordingSettings, guessed_intrinsics
from vla_ros.teleop.hand_recording.store import DemonstrationStore
from vla_ros.teleop.serving.page_server import Listening

SECONDS = 2.0
UP = 1.1  # [m] of the hand at first
OF_CONTRACT = {"camera": "front", "opening": 0.08}


def jpeg(width: int = 640, height: int = 480, grey: int = 90) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), grey, np.uint8))[1].tobytes()


def made_up(number: str = "aaaa0001", **changed: Any) -> dict[str, Any]:
    """The parts of a demonstration: a hand that sinks by 0.1 m/s, seen ten times a second."""
    hands = [
        {"type": "hands", "n": k, "t": 5000 + 20 * k, "source": "xr", "hands": {"right": {
            "p": [0.1, UP - 0.1 * 0.02 * k, -0.4], "q": [0, 0, 0, 1], "clutch": True, "gripper": float(k > 50)}}}
        for k in range(int(SECONDS * 50))
    ]  # fmt: skip
    head = {"p": [0.0, 1.6, 0.0], "q": [0, 0, 0, 1]}
    shown = [{"t": 5000 + 100 * k, "file": f"{k + 1:06d}.jpg", "head": head} for k in range(int(SECONDS * 10))]
    parts: dict[str, Any] = {
        "demonstration": {"id": number, "instruction": "pick up the red mug", "hand": "right", "lost": 0},
        "hands": hands,
        "pictures": shown,
    }
    return parts | {row["file"]: jpeg(grey=60 + 4 * i) for i, row in enumerate(shown)} | changed


def lines(rows: list[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def form(parts: dict[str, Any]) -> aiohttp.FormData:
    body = aiohttp.FormData()
    for name, value in parts.items():
        content = json.dumps(value) if isinstance(value, dict) else lines(value) if isinstance(value, list) else value
        body.add_field(name, content.encode() if isinstance(content, str) else content, filename=name)
    return body


def eventually(what: Callable[[], Any]) -> None:
    end = time.monotonic() + 20.0
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


class Site:
    """A folder of demonstrations behind the real server."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root, self.log = root, []
        self.store = DemonstrationStore(root, HandRecordingSettings(**OF_CONTRACT | settings))
        listening = Listening("127.0.0.1", 0, ("127.0.0.1",), TOKEN)
        self.server = HandRecordingServer(
            self.store, listening, lambda level, text: self.log.append(f"{level}: {text}")
        )
        self.server.start()
        self.url = f"http://127.0.0.1:{self.server.port}"

    def close(self) -> None:
        self.server.close()
        self.store.close()

    def ask(self, method: str, path: str, token: str = TOKEN, **options: Any) -> tuple[int, Any]:
        """Ask once; return the status, and JSON or bytes."""

        async def work(session: aiohttp.ClientSession) -> tuple[int, Any]:
            mark = "&" if "?" in path else "?"
            async with session.request(method, f"{self.url}{path}{mark}token={token}", **options) as answer:
                return answer.status, await (answer.json() if "json" in answer.content_type else answer.read())

        return in_session(work)

    def send(self, parts: dict[str, Any], **options: Any) -> tuple[int, Any]:
        return self.ask("POST", "/demonstrations", data=form(parts), **options)

    def listed(self) -> dict[str, Any]:
        return self.ask("GET", "/demonstrations")[1]

    def left(self) -> list[str]:
        """Return what lies in the folder beyond what is always there."""
        return sorted(
            path.name for path in self.root.iterdir() if path.name not in (".lock", ".last_demonstration", "trash")
        )


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path / "demonstrations", floor=(0.1, 0.0, -0.7))
    yield made
    made.close()


def test_a_demonstration_arrives_is_read_and_becomes_an_episode(site, tmp_path):
    assert site.send(made_up()) == (200, {"name": "demonstration_000001", "warning": ""})
    demonstration = read_demonstration(site.root / "demonstration_000001")
    assert demonstration.config.instruction == "pick up the red mug"
    assert demonstration.config.intrinsics == (600.0, 600.0, 319.5, 239.5)
    assert demonstration.config.floor == (0.1, 0.0, -0.7)
    assert (len(demonstration.times), len(demonstration.pictures)) == (100, 20)
    np.testing.assert_allclose(demonstration.poses[0, :3], (0.5, -0.1, UP - 0.7), atol=1e-9)
    assert site.left() == ["demonstration_000001"]
    (listed,) = site.listed()["demonstrations"]
    assert listed["pictures"] == 20
    assert listed["seconds"] == pytest.approx(1.98)
    status, picture = site.ask("GET", "/demonstrations/demonstration_000001/thumbnail.jpg")
    assert status == 200
    assert cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR).shape == (180, 240, 3)

    assert cli.main(["convert", str(site.root), str(tmp_path / "data"), "--contract", "franka_grasp"]) == 0
    with LeRobotReader(tmp_path / "data") as reader:
        assert reader.task(0) == "pick up the red mug"
        np.testing.assert_allclose(reader.column(STATE)[10, 9], UP - 0.1 - 0.7, atol=1e-6)
        assert abs(int(reader.image(IMAGES + "front", 10)[0, 0, 0]) - 100) <= 4


def test_pictures_of_another_size_are_cut_and_their_intrinsics_with_them(site, tmp_path):
    parts = made_up()
    parts |= {name: jpeg(1280, 720) for name in parts if name.endswith(".jpg")}
    assert site.send(parts)[0] == 200
    demonstration = read_demonstration(site.root / "demonstration_000001")
    assert demonstration.config.intrinsics == (1200.0, 1200.0, 639.5, 359.5)
    assert cli.main(["convert", str(site.root), str(tmp_path / "data"), "--contract", "franka_grasp"]) == 0
    with LeRobotReader(tmp_path / "data") as reader:
        assert reader.image(IMAGES + "front", 0).shape == (480, 640, 3)
        # 960 of 1280 columns remain, and two thirds of the height: 720 → 480.
        np.testing.assert_allclose(reader.column("observation.calibration.front")[0, :4], (800, 800, 319.5, 239.5))


def test_who_has_no_token_and_other_sites_are_turned_away(site):
    assert site.send(made_up(), token="another-token-of-20")[0] == 401
    assert site.ask("GET", "/demonstrations", token="")[0] == 401
    status, answer = site.send(made_up(), headers={"Origin": "https://elsewhere.example"})
    assert (status, answer["error"]) == (403, "another site's page may not do this")
    assert site.send(made_up(), headers={"Origin": site.url})[0] == 200
    for path in ("/demonstrations/demonstration_000001/trash", "/demonstrations/undo"):
        assert site.ask("POST", path, headers={"Origin": "https://elsewhere.example"})[0] == 403
    assert site.left() == ["demonstration_000001"]


BAD_HAND = {"p": [0, 1, 0], "q": [0, 0, 0, 1], "clutch": True, "gripper": 0}


def changed_row(part: str, number: int, **values: Any) -> dict[str, Any]:
    rows = made_up()[part]
    return {part: [*rows[:number], rows[number] | values, *rows[number + 1 :]]}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"demonstration": {"id": "x", "instruction": "a", "hand": "right", "lost": 0}}, "'id' must be 8 to 32"),
        (
            {"demonstration": {"id": "../../aaaaaa", "instruction": "a", "hand": "right", "lost": 0}},
            "'id' must be 8 to 32",
        ),
        (
            {"demonstration": {"id": "aaaa0001", "instruction": "  ", "hand": "right", "lost": 0}},
            "'instruction' is empty",
        ),
        ({"demonstration": {"id": "aaaa0001", "instruction": "a" * 201, "hand": "right", "lost": 0}}, "allowed 200"),
        ({"demonstration": {"id": "aaaa0001", "instruction": "a\nb", "hand": "right", "lost": 0}}, "control character"),
        ({"demonstration": {"id": "aaaa0001", "instruction": "a", "hand": "third", "lost": 0}}, "unknown hand 'third'"),
        (
            {"demonstration": {"id": "aaaa0001", "instruction": "a", "hand": "left", "lost": 0}},
            "0 poses of the left hand",
        ),
        (
            {"demonstration": {"id": "aaaa0001", "instruction": "a", "hand": "right", "lost": 0, "floor": [9]}},
            "'floor'",
        ),
        ({"demonstration": "{torn"}, "demonstration: not valid JSON"),
        ({"demonstration": "[" * 60000}, "demonstration: not valid JSON"),
        ({"hands": lines(made_up()["hands"])[:-9]}, "the last line is torn"),
        ({"hands": '{"type": "hands", "n": 0, "t": NaN, "source": "xr", "hands": {}}\n'}, "line 1: the message cannot"),
        ({"hands": '{"type": "ping", "t": 1}\n'}, "line 1 is no message of a headset's hands"),
        ({"hands": b"\xff\xfe\n"}, "hands: is no text"),
        (changed_row("hands", 7, t=0), "the clock stands still or goes back"),
        (changed_row("hands", 7, hands={"right": BAD_HAND | {"p": [0, 1e9, 0]}}), "line 8: hands"),
        (changed_row("hands", 7, source="keys"), "line 8 is no message"),
        (changed_row("pictures", 3, file="../../../etc/passwd"), "allowed 10"),
        (changed_row("pictures", 3, file="000099.jpg"), "no picture '000099.jpg' came"),
        (changed_row("pictures", 3, head={"p": [0, 1, 0], "q": [0, 0, 0, 0]}), "not a unit quaternion"),
        (changed_row("pictures", 3, t=1), "pictures: line 4: the clock stands still"),
        (changed_row("pictures", 3, more=1), "line 4: unknown field 'more'"),
        ({"pictures": made_up()["pictures"][:-1]}, "1 pictures are not named, first 000020.jpg"),
        ({"000003.jpg": b"GIF89a"}, "000003.jpg: is no JPEG"),
        ({"000003.jpg": jpeg()[:-40]}, "000003.jpg: is no JPEG, or a torn one"),
        ({"000003.jpg": jpeg()[:40] + b"\xff\xd9"}, "000003.jpg: is"),
        ({"000003.jpg": jpeg(320, 240)}, "000003.jpg: is 320x240, those before are 640x480"),
        ({"000003.jpg": jpeg(8000, 8)}, "allowed are 1 to 4096 pixels a side"),
        ({"000003.jpg": bytes(arrival.PICTURE_MAX + 1)}, "part '000003.jpg' is too large: it 1024 kB at most"),
        ({"hands": bytes(arrival.LINES_MAX + 1)}, "part 'hands' is too large: it 8192 kB"),
        ({"demonstration.yaml": b"instruction: x"}, "part 'demonstration.yaml' is unknown"),
        ({"../000021.jpg": jpeg()}, "part '../000021.jpg' is unknown"),
    ],
)
def test_what_is_wrong_is_refused_in_one_line_and_leaves_nothing(site, changes, reason):
    status, answer = site.send(made_up() | changes)
    assert status == 400
    assert reason in answer["error"]
    assert str(site.root) not in answer["error"]
    assert "\n" not in answer["error"]
    assert site.left() == []
    assert site.send(made_up())[0] == 200, "the same id is free for a demonstration that is well"


def test_uploads_of_another_form_are_refused(site):
    parts = made_up()
    assert "the part 'demonstration' must come first" in site.send({"hands": parts["hands"], **parts})[1]["error"]
    assert "the part 'hands' is missing" in site.send({k: v for k, v in parts.items() if k != "hands"})[1]["error"]
    assert (
        "a demonstration comes as multipart" in site.ask("POST", "/demonstrations", json={"id": "aaaa0001"})[1]["error"]
    )
    status, answer = site.ask("POST", "/demonstrations", data=b"", headers={"Content-Type": "multipart/form-data"})
    assert (status, "boundary" in answer["error"]) == (400, True)
    torn = b'--x\r\nContent-Disposition: form-data; name="demonstration"\r\n\r\n{"id": "aaaa'
    status, answer = site.ask(
        "POST", "/demonstrations", data=torn, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert status == 400
    assert "demonstration: not valid JSON" in answer["error"]
    assert site.left() == []


def begun(site) -> bytes:
    """Return the beginning of an upload that goes on for a megabyte."""
    part = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n'
    words = (
        part.format("demonstration") + json.dumps(made_up()["demonstration"]) + "\r\n" + part.format("000001.jpg")
    ).encode()
    head = f"POST /demonstrations?token={TOKEN} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {1 << 20}\r\n"
    return (head + "Content-Type: multipart/form-data; boundary=x\r\n\r\n").encode() + words


def test_a_page_that_vanishes_in_mid_upload_leaves_nothing(site):
    with socket.create_connection(("127.0.0.1", site.server.port)) as page:
        page.sendall(begun(site))

        def arrives() -> list[str]:
            page.sendall(bytes(100))  # aiohttp looks for the end of a part in what comes after it
            return site.left()

        eventually(arrives)
    eventually(lambda: not site.left())
    eventually(lambda: any("the upload is torn" in line for line in site.log))


def test_an_upload_that_falls_silent_may_come_once_more(site, monkeypatch):
    """As of a headset that sleeps: 408, which the page tries again, and not 400, which it does not."""
    monkeypatch.setattr(arrival, "SILENCE_S", 0.3)
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=20.0) as page:
        page.sendall(begun(site))
        assert page.recv(64).startswith(b"HTTP/1.1 408")
    eventually(lambda: not site.left())


def test_a_demonstration_may_not_be_endless(site, monkeypatch):
    monkeypatch.setattr(arrival, "PICTURES_MAX", 19)
    assert "may have 19 pictures, this one has more" in site.send(made_up())[1]["error"]
    monkeypatch.setattr(arrival, "PICTURES_MAX", checks.PICTURES_MAX)
    monkeypatch.setattr(arrival, "TOGETHER_MAX", 30_000)
    assert "is too large: a demonstration" in site.send(made_up())[1]["error"]
    assert site.left() == []


def test_sent_twice_it_is_kept_once_even_at_the_same_time(site):
    assert site.send(made_up())[1]["name"] == "demonstration_000001"
    assert site.send(made_up()) == (200, {"name": "demonstration_000001", "warning": ""})
    answers: list[tuple[int, Any]] = []
    threads = [threading.Thread(target=lambda: answers.append(site.send(made_up("bbbb0002")))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(status, answer["name"]) for status, answer in answers} == {(200, "demonstration_000002")}
    assert site.left() == ["demonstration_000001", "demonstration_000002"]


def test_trash_undo_and_numbers_that_never_come_again(site):
    for number in range(3):
        assert site.send(made_up(f"cccc000{number}"))[0] == 200
    assert site.ask("POST", "/demonstrations/demonstration_000003/trash")[0] == 200
    assert site.ask("POST", "/demonstrations/demonstration_000001/trash")[0] == 200
    listed = site.listed()
    assert [one["name"] for one in listed["demonstrations"]] == ["demonstration_000002"]
    assert (listed["trash"], listed["undo"]) == (2, "demonstration_000001")
    assert site.ask("GET", "/demonstrations/demonstration_000001/thumbnail.jpg")[0] == 404
    assert site.ask("POST", "/demonstrations/undo")[1] == {"name": "demonstration_000001"}
    assert site.ask("POST", "/demonstrations/undo")[1] == {"name": "demonstration_000003"}
    status, answer = site.ask("POST", "/demonstrations/undo")
    assert (status, answer["error"]) == (400, "the trash is empty: there is nothing to undo")
    assert [one["name"] for one in site.listed()["demonstrations"]] == [
        "demonstration_000003",
        "demonstration_000002",
        "demonstration_000001",
    ]

    site.ask("POST", "/demonstrations/demonstration_000003/trash")
    (site.root / "trash" / "demonstration_000003").rename(site.root.parent / "gone")  # somebody empties the trash
    assert site.send(made_up("cccc0009"))[1]["name"] == "demonstration_000004"
    assert site.send(made_up("cccc0002"))[1]["name"] == "demonstration_000003", "thrown away, it does not come again"


@pytest.mark.parametrize(
    "name", ["demonstration_000009", "..", "trash", "demonstration_1", "%2e%2e", "..%2ftakes", ".incoming-x", "a b"]
)
def test_nothing_outside_the_demonstrations_is_touched(site, name):
    assert site.send(made_up())[0] == 200
    assert site.ask("GET", f"/demonstrations/{name}/thumbnail.jpg")[0] in (404, 405)
    assert site.ask("POST", f"/demonstrations/{name}/trash")[0] in (400, 404, 405)
    assert site.left() == ["demonstration_000001"]


def test_what_convert_would_refuse_is_kept_with_a_warning(site, tmp_path):
    parts = made_up()
    hole = parts["pictures"][:8] + parts["pictures"][14:]
    kept = {row["file"] for row in hole}
    parts = {name: value for name, value in parts.items() if not name.endswith(".jpg") or name in kept}
    status, answer = site.send(parts | {"pictures": hole})
    assert status == 200
    assert "a hole of 0.3" in answer["warning"]
    assert site.listed()["demonstrations"][0]["warning"] == answer["warning"]
    assert cli.main(["convert", str(site.root), str(tmp_path / "data"), "--contract", "franka_grasp"]) == 2


def test_a_full_disk_is_507_and_nothing_stays(site, monkeypatch):
    whole, count = Path.write_bytes, 0

    def write(path: Path, data: bytes) -> int:
        nonlocal count
        count += 1
        if count == 12:
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(path, data)

    monkeypatch.setattr(Path, "write_bytes", write)
    assert site.send(made_up()) == (507, {"error": "the disk is full: make room"})
    assert site.left() == []
    assert site.send(made_up()) == (200, {"name": "demonstration_000001", "warning": ""})


def test_a_crash_leaves_nothing_that_counts_and_ids_outlive_a_restart(site):
    assert site.send(made_up())[0] == 200
    site.ask("POST", "/demonstrations/demonstration_000001/trash")
    site.close()
    (site.root / ".incoming-dddd0001-x" / "pictures").mkdir(parents=True)
    (site.root / ".incoming-dddd0001-x" / "demonstration.yaml").write_text("instruction: half\n")
    again = Site(site.root, instruction="stack the bowls", hand="left")
    try:
        assert again.left() == []
        assert again.listed()["begin"] == {"instruction": "stack the bowls", "hand": "left", "folder": str(again.root)}
        assert again.send(made_up())[1]["name"] == "demonstration_000001"
        assert again.ask("POST", "/demonstrations/undo")[1]["name"] == "demonstration_000001"
        with pytest.raises(ConfigError, match="somebody records into it already"):
            DemonstrationStore(again.root, HandRecordingSettings(**OF_CONTRACT))
    finally:
        again.close()


def test_a_folder_of_what_was_called_takes_goes_on(site, tmp_path):
    assert site.send(made_up())[0] == 200
    site.close()
    old = (site.root / "demonstration_000001").rename(site.root / "take_000003")
    (old / "demonstration.yaml").rename(old / "take.yaml")
    (site.root / ".last_demonstration").rename(site.root / ".last_take").write_text("8\n")
    again = Site(site.root)
    try:
        assert again.send(made_up())[1]["name"] == "take_000003"
        assert again.send(made_up("cccc0009"))[1]["name"] == "demonstration_000009"
        listed = again.listed()["demonstrations"]
        assert [one["name"] for one in listed] == ["demonstration_000009", "take_000003"]
        assert listed[1]["instruction"] == "pick up the red mug"
        assert again.ask("GET", "/demonstrations/take_000003/thumbnail.jpg")[0] == 200
    finally:
        again.close()
    assert cli.main(["convert", str(site.root), str(tmp_path / "data"), "--contract", "franka_grasp"]) == 0


def test_a_folder_that_cannot_be_used_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file: demonstrations cannot be kept there \(Not a directory\)|File exists"):
        DemonstrationStore(tmp_path / "file", HandRecordingSettings(**OF_CONTRACT))
    (tmp_path / "demonstration.yaml").write_text("instruction: x\n")
    with pytest.raises(ConfigError, match="is a demonstration itself"):
        DemonstrationStore(tmp_path, HandRecordingSettings(**OF_CONTRACT))


def test_takes_of_other_hands_are_listed_as_far_as_they_can_be(site):
    (site.root / "demonstration_000007").mkdir()
    (site.root / "demonstration_000007" / "demonstration.yaml").write_text(
        "{instruction: by hand, camera: front, opening: 0.08}\n"
    )
    (site.root / "demonstration_000008").mkdir()
    (site.root / "demonstration_000008" / "demonstration.yaml").write_text("nothing: useful\n")
    broken, own = site.listed()["demonstrations"]
    assert (own["instruction"], own["pictures"], own["warning"]) == ("by hand", 0, "")
    assert "unknown key 'nothing'" in broken["warning"]
    assert site.send(made_up())[1]["name"] == "demonstration_000009"


def test_words_survive_yaml(site):
    words = "yes: 'pick' \"up\" #1 – Tässe"
    parts = made_up()
    assert site.send(parts | {"demonstration": parts["demonstration"] | {"instruction": words}})[0] == 200
    assert read_demonstration(site.root / "demonstration_000001").config.instruction == words
    assert (
        yaml.safe_load((site.root / "demonstration_000001" / "demonstration.yaml").read_text())["instruction"] == words
    )


def test_intrinsics_are_the_given_ones_or_a_guess_for_the_size(tmp_path):
    assert guessed_intrinsics((640, 480)) == (600.0, 600.0, 319.5, 239.5)
    given = HandRecordingSettings(**OF_CONTRACT, intrinsics=(610.0, 611.0, 322.0, 241.0))
    assert given.config("x", "right", (640, 480)).intrinsics == (610.0, 611.0, 322.0, 241.0)
    assert given.misfit((640, 480)) == ""
    assert "measure them anew" in given.misfit((1280, 960))
    for wrong in ({"floor": (0.0, 1.0)}, {"yaw": float("nan")}, {"opening": 0.0}, {"camera": " "}, {"hand": "third"},
                  {"instruction": "a" * 201}, {"instruction": "a\x07"}):  # fmt: skip
        with pytest.raises(ConfigError):
            HandRecordingSettings(**OF_CONTRACT | wrong)


def test_uploads_leave_room_on_the_disk(site, monkeypatch):
    monkeypatch.setattr("vla_ros.teleop.hand_recording.arrival.FREE_MIN", 1 << 60)
    status, answer = site.send(made_up())
    assert status == 507
    assert re.fullmatch(r"only \d+ MB are free, \d+ MB are to remain: make room", answer["error"])
    assert site.left() == []
    monkeypatch.undo()
    assert site.send(made_up())[0] == 200
