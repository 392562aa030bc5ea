# SPDX-License-Identifier: Apache-2.0
"""A Panda's connection through panda-py (libfranka 0.9.2): made, ended, and what its states say.

What panda-py 1.1.1 does, and is worked around here and in arm.py:

- starting a controller recovers from any error first, a collision's reflex too: none is started before the arm has been
  asked how it is, and after a fault none until somebody recovers;
- `stop_controller` waits for the control loop with Python's lock held, which that loop may need for its last words:
  both would wait for ever. `teaching_mode(False)` does the same without the lock;
- an exception in the control loop that is not libfranka's ends the process: joints beyond their walls and numbers that
  are not finite must not get that far;
- to be freed, a `Panda` asks the arm for its state, and ends the process where there is no arm any more.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Any

import numpy as np

from controllers.errors import ConfigError

PROTOCOL = 5  # of the Panda's system 4.2, which libfranka 0.9 speaks; an FR3's is 6 and more
END_S = 3.0  # [s] for the control loop to end
# Why an arm in one of libfranka's modes cannot be moved; in others it can.
MODES = {
    "kOther": "its brakes are closed or it is busy: open them in Desk",
    "kGuiding": "it is guided by hand",
    "kReflex": "a reflex stopped it",
    "kUserStopped": "its stop button is pressed",
    "kAutomaticErrorRecovery": "it is recovering from an error",
}


def connect(address: str) -> Any:
    """Return panda-py's `Panda`. Raises ConfigError where it is not installed, or the arm does not answer."""
    try:
        import panda_py
    except ImportError:
        raise ConfigError("panda_py is not installed: VLA_EXTRAS=hardware ./vla … installs it") from None
    try:
        panda = panda_py.Panda(address)
    except RuntimeError as error:
        raise ConfigError(f"{address}: {words(error)}") from None
    version = panda.get_robot().server_version()
    if version != PROTOCOL:
        raise ConfigError(f"{address}: the arm speaks version {version} of Franka's protocol, libfranka 0.9 {PROTOCOL}")
    return panda


def words(error: Exception) -> str:
    """Return in one line what libfranka says."""
    return " ".join(str(error).split()).removeprefix("libfranka: ")


def trouble(state: Any, lower: np.ndarray, upper: np.ndarray) -> str:
    """Return why an arm cannot be moved as it is, or ""; `lower` and `upper` (7,) [rad] are its joints' walls."""
    why = MODES.get(state.robot_mode.name, "")
    if state.current_errors:
        why = f"{why or 'it is in error'}: {state.current_errors}"
    if why:
        return why
    q = np.array(state.q)
    beyond = np.flatnonzero((q < lower) | (q > upper))
    if len(beyond):
        joint = int(beyond[0])
        where = f"joint {joint + 1} at {q[joint]:.3f} rad, allowed {lower[joint]:.3f} to {upper[joint]:.3f}"
        return f"{where}: guide it back by hand"
    return ""


def end_motion(panda: Any) -> bool:
    """Have the control loop end and the arm's own controller hold it; False where that does not come about.

    Clears an error that came in these last milliseconds, as it cannot be avoided; nothing commands the arm any more.
    """
    ended = []

    def end() -> None:
        try:
            panda.teaching_mode(False)
        except RuntimeError:
            return
        ended.append(True)

    thread = threading.Thread(target=end, name="panda's end", daemon=True)
    thread.start()
    thread.join(END_S)
    return bool(ended)


def keep(panda: Any) -> None:
    """Keep a `Panda` whose arm is gone until the process ends: it must not be freed."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(panda))
