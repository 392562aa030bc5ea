# SPDX-License-Identifier: Apache-2.0
"""A headset that is worn in a real page: its controllers are put where they should be, and the page's words read."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, sin
from typing import Any

import numpy as np
from pages.operator_page import FRAMES, Operator, eventually
from scipy.spatial.transform import Rotation

SMALL = {"viewport": {"width": 320, "height": 400}, "device_scale_factor": 0.5}  # drawn by the processor
# What the bridge says, as it comes to the page: its newest state and notes.
LISTEN = """
  window.heard = { state: null, notes: [], pauses: [], at: 0 };
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    send(text) {
      if (text.includes('"hands"')) {
        const now = performance.now();
        if (heard.at) heard.pauses.push(now - heard.at);
        heard.at = now;
      }
      super.send(text);
    }

    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        if (typeof data !== "string") return;
        const said = JSON.parse(data);
        if (said.type === "state") window.heard.state = said;
        if (said.type === "note" || said.type === "refused") window.heard.notes.push(said.text ?? said.reason);
      });
    }
  };
"""
TAP_ONE_FRAME = f"""async ([side, name]) => {{ {FRAMES}
  headset.controllers[side].updateButtonValue(name, 1);
  await frames(1);
  headset.controllers[side].updateButtonValue(name, 0);
}}"""
# Where the grip is when its controller is at the origin, unturned.
GRIP = f"""async (side) => {{ {FRAMES}
  const controller = headset.controllers[side];
  const was = [...controller.position.vec3, ...controller.quaternion.quat];
  controller.position.set(0, 0, 0);
  controller.quaternion.set(0, 0, 0, 1);
  await frames(2);
  const xr = headset.activeSession;
  const floor = await xr.requestReferenceSpace("local-floor");
  const source = [...xr.inputSources].find((one) => one.handedness === side);
  const transform = await new Promise((resolve) => xr.requestAnimationFrame((time, frame) =>
    resolve(frame.getPose(source.gripSpace, floor).transform)));
  controller.position.set(...was.slice(0, 3));
  controller.quaternion.set(...was.slice(3));
  const {{ position: p, orientation: q }} = transform;
  return [p.x, p.y, p.z, q.x, q.y, q.z, q.w];
}}"""


class WornHeadset:
    """Somebody in the page with a headset on."""

    def __init__(self, operator: Operator, sides: Sequence[str] = ("left", "right")) -> None:
        self.operator, self._sides = operator, sides
        self.grips: dict[str, np.ndarray] = {}  # T_controller_grip (4, 4), in WebXR's axes

    def put_on(self) -> None:
        """Enter the headset, and learn where its controllers are held."""
        self.operator.page.press("#enter-vr", "Enter")
        self.operator.until("Boolean(headset.activeSession)")
        self.grips = {side: _matrix(self.operator.page.evaluate(GRIP, side)) for side in self._sides}

    def look_down(self, angle: float) -> None:
        """Turn the head down [rad]."""
        self.operator.page.evaluate("([x, w]) => headset.quaternion.set(x, 0, 0, w)", [-sin(angle / 2), cos(angle / 2)])

    def tap(self, side: str, button: str) -> None:
        """Press a button for one frame: on a busy machine two may last as long as a long press."""
        self.operator.page.evaluate(TAP_ONE_FRAME, [side, button])

    def recover(self) -> bool:
        """Where the arm was stopped, do what the page's banner offers: release, enable again. Say whether it was."""
        if not self.operator.page.evaluate("heard.state.estop || Boolean(heard.state.held)"):
            return False
        self.operator.page.evaluate("document.getElementById('banner-action').click()")
        self.operator.page.wait_for_timeout(1000)
        return True

    def pauses(self) -> list[float]:
        """Return median, 99th percentile and most of the times between two packets of hands [ms]."""
        return np.percentile(self.operator.page.evaluate("heard.pauses"), (50, 99, 100)).tolist()

    def notes(self) -> list[str]:
        """Return what the bridge has said to the operator."""
        return self.operator.page.evaluate("heard.notes")

    def until_recording(self, recording: bool) -> None:
        """Wait until the page says that an episode is recorded, or no more."""
        shown = "document.querySelector('.record').dataset.recording"
        eventually(lambda: self.operator.page.evaluate(shown) == str(recording).lower(), str(self.notes()))


def _matrix(pose: Any) -> np.ndarray:
    """Return (4, 4) of x, y, z, then xyzw."""
    T = np.eye(4)
    T[:3, 3], T[:3, :3] = pose[:3], Rotation.from_quat(pose[3:]).as_matrix()
    return T
