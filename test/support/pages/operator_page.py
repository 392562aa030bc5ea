# SPDX-License-Identifier: Apache-2.0
"""An operator before the real page of the real server, and what he waits for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from vla_ros.teleop.idle_watch import IDLE_TIMEOUT_S
from vla_ros.teleop.server import Listening, TeleopServer

sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install playwright")

from robot_rigs.small_robot import SmallCollection, SmallRobot

TOKEN = "a-token-of-twenty-one"
WAIT_S = 20.0  # a busy machine; whoever is quick waits for nothing
SHORTEST_S, LONGEST_S = 0.01, 0.1  # between two askings
# In the page, of window.headset (iwer): wait for frames that begin from now on; the page does its part in each before.
FRAMES = """
  const frames = (count) => new Promise((resolve) => {
    const { activeSession: xr } = headset;
    const next = () => (count-- > 0 && headset.activeSession ? xr.requestAnimationFrame(next) : resolve());
    next();
  });
"""
# Press a button and let it go, and ask this process nothing in between: a busy machine would make it a long press.
TAP = f"""async ([side, name]) => {{ {FRAMES}
  const controller = headset.controllers[side];
  for (const value of [1, 0]) {{
    controller.updateButtonValue(name, value);
    await frames(2);
  }}
}}"""


def eventually(what: Callable[[], Any], why: str = "") -> Any:
    """Wait until `what` returns something true, and return that."""
    end, pause = time.monotonic() + WAIT_S, SHORTEST_S
    while True:
        result = what()
        if result:
            return result
        assert time.monotonic() < end, why or "it did not happen"
        time.sleep(pause)
        pause = min(1.5 * pause, LONGEST_S)  # to ask the page is dear


class Site:
    """A small robot behind the real server."""

    def __init__(
        self,
        robot: SmallRobot,
        collection: SmallCollection | None,
        port: int = 0,
        token: str = TOKEN,
        idle_timeout: float = IDLE_TIMEOUT_S,
    ):
        self.robot, self.collection, self.log = robot, collection, []
        listening = Listening("127.0.0.1", port, ("127.0.0.1",), token)
        log = lambda level, text: self.log.append(text)  # noqa: E731
        self.server = TeleopServer(robot, listening, collection, log, idle_timeout)
        self.server.start()
        self.port, self.link = self.server.port, self.server.links[0]

    def show(self, camera: int, colour: tuple[int, int, int]) -> None:
        """Have a camera see one colour (blue, green, red)."""
        jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), colour, np.uint8))[1].tobytes()
        self.robot.shown_at[camera] = time.monotonic()
        self.server.hub.offer_picture(camera, time.monotonic(), jpeg)

    def close(self) -> None:
        self.server.close()


class Operator:
    """Somebody before a page."""

    def __init__(self, browser: Any, link: str, name: str, scripts: tuple[str | Path, ...], **context: Any) -> None:
        self.context = browser.new_context(
            **({"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"} | context)
        )
        self.context.set_default_timeout(WAIT_S * 1e3)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        for script in scripts:
            self.page.add_init_script(**({"path": script} if isinstance(script, Path) else {"script": script}))
        self.answer = self.page.goto(f"{link}&name={name}" if name else link)

    def until(self, expression: str) -> None:
        """Wait until a JavaScript expression is true."""
        eventually(lambda: self.page.evaluate(expression), f"never so: {expression}")

    def reads(self, selector: str, text: str) -> None:
        """Wait until an element shows a text."""
        sync_api.expect(self.page.locator(selector)).to_contain_text(text, timeout=WAIT_S * 1e3)

    def seated(self) -> Operator:
        """Wait until he drives."""
        self.reads("#seat", "You drive")
        return self
