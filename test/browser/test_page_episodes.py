# SPDX-License-Identifier: Apache-2.0
"""Episodes from the page: what is next, start, stop, redo, delete, undo, playback, quality."""

import av
import cv2
import numpy as np
import pytest
from pages.operator_page import eventually, sync_api
from robot_rigs.small_robot import SmallCollection, SmallRobot


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return a folder with an episode's thumbnail and film."""
    folder = tmp_path_factory.mktemp("episode")
    image = np.full((48, 64, 3), (200, 80, 20), np.uint8)
    cv2.imwrite(str(folder / "thumbnail.jpg"), image)
    with av.open(str(folder / "video.mp4"), "w") as film:
        stream = film.add_stream("h264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        film.mux(stream.encode())
    return folder


def enabled() -> SmallRobot:
    """Return a robot that follows: without one no episode can be started."""
    robot = SmallRobot()
    robot.enabled = True
    return robot


@pytest.fixture
def site(serve, files):
    counts = [{"cell": "red mug, left", "done": 3, "wanted": 4}, {"cell": "red mug, right", "done": 1, "wanted": 4}]
    return serve(enabled(), SmallCollection({"counts": counts, "done": 4, "wanted": 8}, files))


@pytest.fixture
def driver(site, visit):
    return visit(site.link).seated()


def rows(operator):
    return operator.page.locator(".episode")


def test_an_episode_from_prompt_to_trash_and_back(site, driver):
    driver.reads("#prompt-text", "pick up: red mug")
    driver.reads("#prompt-more", "Pick the red mug up.")
    driver.reads("#prompt-parts", "position left")
    driver.reads("#progress", "4 of 8")
    sync_api.expect(driver.page.locator("#evenness [aria-label='red mug, right: 1 of 4']")).to_be_visible()
    driver.page.keyboard.press("n")
    driver.reads("#recording-mark", "REC 0:0")
    sync_api.expect(driver.page.locator("#start")).to_be_hidden()
    driver.page.click("#success")
    sync_api.expect(rows(driver)).to_have_count(1)
    driver.reads(".episode", "Success")
    driver.until("document.querySelector('.thumb img').naturalWidth === 64")
    driver.page.keyboard.press("n")
    driver.reads("#recording-mark", "REC 0:0")
    driver.page.keyboard.press("u")
    driver.reads(".episode:first-child", "Failure")  # the newest first
    driver.page.click("[aria-label='Delete episode_000001']")
    sync_api.expect(rows(driver)).to_have_count(1)
    driver.reads("#episodes-count", "1 in trash")
    driver.page.click("#undo")
    sync_api.expect(rows(driver)).to_have_count(2)
    assert site.collection.calls == ["start", "success", "start", "failure", "delete", "undo"]


def test_redo_skip_and_once_more(site, driver):
    driver.page.click("#skip-task")
    driver.page.click("#again-task")
    driver.page.click("#start")
    driver.page.click("#redo")
    eventually(lambda: site.collection.calls == ["skip", "again", "start", "redo"])
    sync_api.expect(driver.page.locator("#start")).to_be_visible()


def test_quality_is_shown_once_it_is_known_and_the_film_plays(site, driver):
    driver.page.click("#start")
    driver.page.click("#success")
    driver.reads(".episode", "Quality –")
    episode = site.collection.content["episodes"][0] | {"quality": 43, "marks": ["the arm still moves", "3 gaps"]}
    site.collection._set("judged", episodes=[episode])
    driver.reads(".episode", "Quality 43")
    driver.reads(".episode", "2 marks: the arm still moves")
    driver.page.click(".thumb")
    driver.until("document.querySelector('video')?.currentTime > 0.2")
    driver.reads(".sheet", "3 gaps")
    driver.page.click(".sheet header button")
    sync_api.expect(driver.page.locator("#overlay")).to_be_hidden()
    sync_api.expect(driver.page.locator(".thumb")).to_be_focused()


def test_a_film_that_is_not_there_is_said_to_be_missing(serve, visit, tmp_path):
    site = serve(enabled(), SmallCollection(files=tmp_path))
    operator = visit(site.link).seated()
    operator.page.click("#start")
    operator.page.click("#success")
    operator.page.click(".thumb")
    operator.reads(".sheet", "This episode's film cannot be shown yet.")


def test_without_a_collection_nothing_is_offered(serve, visit):
    operator = visit(serve().link).seated()
    operator.reads("#no-episodes", "Nothing is being collected")
    sync_api.expect(operator.page.locator("#start")).to_be_hidden()
    operator.page.keyboard.press("n")
    operator.reads("#notes", "no collection is configured")


def test_pictures_are_live_and_a_silent_camera_is_seen_to_be(serve, visit):
    site = serve(SmallRobot(cameras=("front", "wrist")))
    operator = visit(site.link).seated()
    operator.reads(".camera[data-camera='0'] .missing", "Waiting for the first picture")
    for _ in range(6):  # more than may be unacknowledged: each that is shown makes room for the next
        eventually(lambda: site.server.hub.wants_picture(0))
        site.show(0, (0, 0, 255))
    pixel = "[...document.querySelector('.camera canvas').getContext('2d').getImageData(32, 24, 1, 1).data]"
    operator.until(f"{pixel}[0] > 240 && {pixel}[1] < 15")
    operator.reads(".camera[data-camera='0'] .missing", "No picture for")
    operator.page.keyboard.press("c")
    sync_api.expect(operator.page.locator("#cameras")).to_have_attribute("data-big", "0")
