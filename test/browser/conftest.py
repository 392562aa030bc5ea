# SPDX-License-Identifier: Apache-2.0
"""Real headless Chromium before the real server; an emulated headset where iwer is there (.ci/run fetches both)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from assets import ROOT
from pages.operator_page import Operator, Site, sync_api
from robot_rigs.small_robot import SmallCollection, SmallRobot

IWER = ROOT / ".browser/node_modules/iwer/build/iwer.min.js"
# The shell draws nothing that nobody sees: it takes half the processor time of a whole Chromium.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# WebGL without a graphics card. Nothing of the tests needs a sandbox, which root cannot have.
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"]
# A page put together by an emulated graphics card takes twice the processor time.
FLAGS += ["--disable-gpu-compositing"]
# A camera, and somebody who permits it.
FLAGS += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
# At a third of a headset's rate: a processor draws every frame, twice.
HEADSET = """
  const everyFrame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (draw) => everyFrame(() => everyFrame(() => everyFrame(draw)));
  window.headset = new IWER.XRDevice(IWER.metaQuest3);
  window.headset.installRuntime({ forceInstall: true });  // Chromium has a navigator.xr of its own
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start Chromium; ended with the module, since while it lives no other test can have an event loop here."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Site]]:
    """Return what serves a small robot."""
    sites: list[Site] = []

    def start(robot: SmallRobot | None = None, collection: SmallCollection | None = None, **arguments: Any) -> Site:
        sites.append(Site(robot or SmallRobot(), collection, **arguments))
        return sites[-1]

    yield start
    for site in sites:
        site.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Operator]]:
    """Return what opens a page for somebody; at the end no page may have thrown anything."""
    operators: list[Operator] = []

    def come(link: str, name: str = "Ada", scripts: tuple[str | Path, ...] = (), **context: Any) -> Operator:
        operators.append(Operator(browser, link, name, scripts, **context))
        return operators[-1]

    yield come
    errors = [error for operator in operators for error in operator.errors]
    for operator in operators:
        operator.context.close()
    assert errors == []


@pytest.fixture
def headset() -> tuple[str | Path, ...]:
    """Return the scripts that give a page a headset, window.headset."""
    if not IWER.is_file():
        pytest.skip(f"no iwer: npm install --prefix {IWER.parents[3].name} --no-save iwer@2.5")
    return (IWER, HEADSET)
