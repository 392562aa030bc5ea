# SPDX-License-Identifier: Apache-2.0
"""`vla trial` as a person meets it: two launched graphs in the simulator, verdicts in the terminal, and the end."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import cv2
import numpy as np
import pytest
from rig.launched_job import END_TIMEOUT_S
from rig.processes import processes_of

from vla_ros.encoded_images import decode_image
from vla_ros.evaluation.blind.key import read_key
from vla_ros.evaluation.blind.trials import Verdict, read_trials
from vla_ros.launching.environment import module_environment


class TerminalPerson:
    """Read what a command prints, and answer it."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vla_ros.cli", "trial", *words], cwd=folder, env=module_environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self.output = ""
        self._read_to = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.output += line

    def wait_for(self, words: str, within: float = 3 * END_TIMEOUT_S) -> None:
        """Wait until something is said that was not said before."""
        deadline = time.monotonic() + within
        while (at := self.output.find(words, self._read_to)) < 0:
            assert time.monotonic() < deadline, self.output
            assert self.process.poll() is None or words in self.output[self._read_to :], self.output
            time.sleep(0.05)
        self._read_to = at + len(words)

    def type(self, line: str) -> None:
        """Answer."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


@pytest.mark.timeout(1500)
def test_two_policies_are_judged_blind_on_the_launched_graph(tmp_path: Path) -> None:
    shared = ["set:=basic", "real_time_factor:=0.4", "wait_for_cameras:=false"]
    own = ["--a", "policy:=geometric", "--b", "policy:=geometric speed_scale:=0.8"]
    person = TerminalPerson(tmp_path, "mine", *shared, *own, "--episodes", "1", "--seed", "4001")
    try:
        person.wait_for("Enter begins")
        person.type("")
        person.wait_for("it has ended")
        person.type("s it lifted it")
        person.wait_for("the second of two")
        person.wait_for("Enter begins")
        person.type("")
        person.wait_for("it is running")
        record = read_trials(tmp_path / "mine").trials
        # The first is on disk already, with what the simulator's judge saw; who it was, nobody said.
        assert [(trial.verdict, trial.reason) for trial in record] == [(Verdict.SUCCESS, "it lifted it")]
        assert record[0].judge is True
        assert record[0].outcome == "success"
        assert "geometric" not in person.output
        assert "speed_scale" not in (tmp_path / "mine" / "trials.jsonl").read_text()
        directory = tmp_path / "mine" / "runs" / "trial_0002"
        log = directory / "log.txt"
        deadline = time.monotonic() + 3 * END_TIMEOUT_S
        while not (log.exists() and "instruction: " in log.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        person.type("f it is too slow for me")  # at once: the arm is brought to rest
        person.wait_for("results in")
        assert person.process.wait(60) == 0
    finally:
        person.process.kill()
    assert processes_of(tmp_path) == []
    trials = read_trials(tmp_path / "mine").trials
    assert [trial.verdict for trial in trials] == [Verdict.SUCCESS, Verdict.FAILURE]
    assert trials[1].judge is None  # it was not left to come to an end
    order = read_key(tmp_path / "mine", 1).orders[0]
    parameters = [tmp_path / f"mine/runs/trial_{number:04d}/parameters/control.yaml" for number in (1, 2)]
    slow = [re.search(r"speed_scale\W+0\.8\b", file.read_text()) is not None for file in parameters]
    assert slow == [letter == "B" for letter in order]
    first, second = ("A", "B") if order == "AB" else ("B", "A")
    results = {name: json.loads((tmp_path / "mine" / f"{name}.json").read_text())["success_rate"] for name in "AB"}
    assert results == {first: 1.0, second: 0.0}
    assert "the simulator's judge says the same in 1 of 1 trials" in person.output
    assert "B: policy:=geometric speed_scale:=0.8" in person.output


class BrowserPerson:
    """What a browser does with the link of the page."""

    def __init__(self, link: str) -> None:
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar())).open
        self._site = link.partition("/?")[0]
        assert b"Blind trial" in self._open(link, timeout=10).read()  # the token's cookie comes with it

    def question(self, state: str) -> dict:
        """Wait until this is asked."""
        deadline = time.monotonic() + 3 * END_TIMEOUT_S
        while True:
            shown = json.loads(self._open(f"{self._site}/trial", timeout=30).read())
            if shown["state"] == state:
                return shown
            assert time.monotonic() < deadline, shown
            time.sleep(0.1)

    def answer(self, question: dict, word: str, reason: str = "") -> None:
        body = json.dumps({"id": question["id"], "word": word, "reason": reason}).encode()
        assert self._open(f"{self._site}/trial/answer", body, timeout=30).status == 200

    def picture(self, camera: str, outlines: int) -> np.ndarray:
        """Wait for a picture."""
        deadline = time.monotonic() + 3 * END_TIMEOUT_S
        while time.monotonic() < deadline:
            with contextlib.suppress(urllib.error.HTTPError):
                url = f"{self._site}/trial/cameras/{camera}.jpg?outlines={outlines}"
                return decode_image(self._open(url, timeout=30).read(), cv2.IMREAD_COLOR)
            time.sleep(0.2)
        pytest.fail("no picture came")


def greenish(picture: np.ndarray) -> int:
    """Return how many pixels have the colour of the outline of what is meant."""
    blue, green, red = np.moveaxis(picture.astype(int), 2, 0)
    return int(((green > 170) & (green - red > 60) & (green - blue > 60)).sum())


@pytest.mark.timeout(1500)
def test_the_page_shows_where_things_are_to_stand_and_takes_the_verdict(tmp_path: Path) -> None:
    shared = ["real_time_factor:=0.4", "wait_for_cameras:=false"]
    own = ["--a", "policy:=geometric", "--b", "policy:=geometric speed_scale:=0.8"]
    person = TerminalPerson(tmp_path, "mine", *shared, *own, "--episodes", "1", "--seed", "4001", "--page", "--port=0")
    try:
        person.wait_for("open http")
        page = BrowserPerson(re.search(r"open (http://\S+)", person.output)[1])
        begin = page.question("begin")
        assert (begin["number"], begin["scenes"], begin["turn"]) == (1, 1, 0)
        assert begin["placement"]
        page.answer(begin, "begin")
        running = page.question("running")
        page.picture(running["cameras"][0], 0)
        deadline = time.monotonic() + 60.0  # its calibration may come after its first picture
        while greenish(page.picture(running["cameras"][0], 1)) < 50 + greenish(page.picture(running["cameras"][0], 0)):
            assert time.monotonic() < deadline
        page.answer(page.question("running"), "void", "somebody walked in")
        again = page.question("begin")
        assert (again["number"], again["turn"]) == (2, 0)
        assert "geometric" not in json.dumps(again)
        page.answer(again, "leave")
        assert person.process.wait(60) == 130
    finally:
        person.process.kill()
    assert processes_of(tmp_path) == []
    (trial,) = read_trials(tmp_path / "mine").trials
    assert (trial.verdict, trial.reason) == (Verdict.VOID, "somebody walked in")
    # What made the page hear pictures is not what its graphs were started with: control keeps its own transport.
    log = (tmp_path / "mine/runs/trial_0001/log.txt").read_text()
    assert "Traceback" not in log
