# SPDX-License-Identifier: Apache-2.0
"""Names and tasks that would be markup or placeholders, on every page that is written or served: they are words."""

from __future__ import annotations

import numpy as np
import pytest
from bags import sample_bag
from pages.operator_page import eventually
from robot_rigs.small_robot import SmallCollection, SmallRobot

from vla_ros.cli import main
from vla_ros.data.datasets.episode import encode_episode
from vla_ros.data.datasets.features import Feature
from vla_ros.data.datasets.schema import DatasetSchema
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.data.quality.report_page import BagRow, write_index

HOSTILE = "</script><img src=x onerror=alert(1)>{task}@DATA@%s$x^${{7*7}}\"'><svg onload=alert(2)>"
FOREIGN = "<img src=http://192.0.2.1/x.png>"
# What would happen if one name were forgotten: nothing that stands in the page may run, or fetch.
SLIPPED = """() => {
  const slipped = document.createElement("div");
  document.body.append(slipped);
  slipped.innerHTML = '<img src=x onerror="window.owned = 1"><img src="http://192.0.2.1/x.png">'
    + '<iframe srcdoc="<script>parent.owned = 2</script>"></iframe><a id=slip href="javascript:window.owned = 3">x</a>';
  document.getElementById("slip").click();
}"""


@pytest.fixture
def watched(browser):
    """Return what opens a page and, at the end, finds that it asked nobody else and showed no dialog."""
    context = browser.new_context()
    asked, dialogs, errors = [], [], []

    def come(url: str):
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: "csp" in request.failure.lower() and asked.remove(request.url))
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        return page

    yield come
    context.close()
    assert dialogs == []
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "http://127.0.0.1:"))] == []


def untouched(page) -> None:
    """Show that markup has run neither, nor would."""
    page.evaluate(SLIPPED)
    page.wait_for_timeout(150)
    assert page.evaluate("window.owned") is None


def dataset(root) -> None:
    features = {
        "action": Feature("float32", (2,), (HOSTILE, "y")),
        HOSTILE.replace("/", "_"): Feature("float32", (2,), ("a", FOREIGN)),
        "note": Feature("string", (1,)),
    }
    rows = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    columns = {"action": rows, HOSTILE.replace("/", "_"): rows, "note": np.array([HOSTILE + FOREIGN] * 5)}
    with LeRobotWriter(root, DatasetSchema(10, HOSTILE[:40], features)) as out:
        out.add(encode_episode(features, 10, columns, {}, HOSTILE + FOREIGN, "bag"))


def test_pages_of_a_dataset_show_hostile_names_as_words(watched, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dataset(tmp_path / "set")
    assert main(["dataset", "view", "set", "--output", "pages"]) == 0
    index = watched(f"file://{tmp_path}/pages/index.html")
    assert index.inner_text(".episode p") == HOSTILE + FOREIGN
    assert index.inner_text("#count") == "1 of 1 episodes"  # its own script runs
    untouched(index)
    episode = watched(f"file://{tmp_path}/pages/episode_000000.html")
    assert HOSTILE in episode.inner_text("body > p")
    assert "frame 0, 0.00 s" in episode.inner_text("#time")
    assert HOSTILE in episode.inner_text("table")
    episode.press("#frame", "ArrowRight")
    assert "frame 1" in episode.inner_text("#time")
    untouched(episode)


def test_pages_of_bags_show_hostile_names_as_words(watched, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sample_bag.write_bag(tmp_path / "bag", sample_bag.Recording(duration=1.5, instruction=HOSTILE + FOREIGN))
    assert main(["bag", "check", "bag", "--report", "report.html"]) == 0
    report = watched(f"file://{tmp_path}/report.html")
    assert HOSTILE in report.inner_text("table")
    assert report.evaluate("document.querySelector('section img').naturalWidth") > 100
    untouched(report)
    write_index(tmp_path / "index.html", HOSTILE, [BagRow(HOSTILE, f"{FOREIGN}.html", True, [50.0], FOREIGN)])
    index = watched(f"file://{tmp_path}/index.html")
    assert index.inner_text("h1") == HOSTILE
    untouched(index)


def test_the_operators_page_shows_hostile_names_as_words(watched, serve):
    robot = SmallRobot()
    robot.instruction = HOSTILE
    prompt = dict.fromkeys(("title", "action", "object", "background", "position", "text"), HOSTILE)
    collection = SmallCollection({"name": HOSTILE, "prompt": prompt, "counts": [], "undo": HOSTILE})
    site = serve(robot, collection)
    page = watched(f"{site.link}&name=Ada")
    eventually(lambda: "onerror=alert" in page.inner_text("body"))
    site.server.hub.note("warning", HOSTILE + FOREIGN)
    untouched(page)
