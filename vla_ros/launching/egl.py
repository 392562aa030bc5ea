# SPDX-License-Identifier: Apache-2.0
"""Find out whether cameras can be rendered: open an EGL display as MuJoCo does, in a process of its own.

Mesa's drivers take 100 MB and may crash on a broken machine, so the launcher never loads them into itself.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

from controllers.errors import ConfigError
from vla_ros.launching.environment import module_environment

REMEDY = "apt-get install libegl1 libgl1 libgl1-mesa-dri"
_PLATFORM_DEVICE_EXT = 0x313F


def require_egl() -> None:
    """Raise ConfigError, with the remedy, when cameras cannot be rendered."""
    problem = egl_problem()
    if problem:
        raise ConfigError(f"no EGL, so cameras cannot be rendered ({problem}): {REMEDY}")


def egl_problem(timeout_s: float = 20.0) -> str:
    """Return what keeps EGL from working, or "" when it works or another renderer is chosen with MUJOCO_GL."""
    if os.environ.get("MUJOCO_GL", "egl") != "egl":
        return ""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "vla_ros.launching.egl"],
            env=module_environment(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer from the graphics driver in {timeout_s:g} s"
    if done.returncode == 0:
        return ""
    return done.stdout.strip().rpartition("\n")[2] or f"the graphics driver died (exit code {done.returncode})"


def _probe() -> str:
    try:
        egl = ctypes.CDLL("libEGL.so.1")
        ctypes.CDLL("libGL.so.1")
    except OSError as error:
        return f"{error}"
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    egl.eglGetProcAddress.argtypes = [ctypes.c_char_p]
    query_address = egl.eglGetProcAddress(b"eglQueryDevicesEXT")
    display_address = egl.eglGetProcAddress(b"eglGetPlatformDisplayEXT")
    if not query_address or not display_address:
        return "libEGL lacks eglQueryDevicesEXT or eglGetPlatformDisplayEXT"
    query_devices = ctypes.CFUNCTYPE(
        ctypes.c_uint, ctypes.c_int, ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_int)
    )(query_address)
    get_display = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)(display_address)
    egl.eglInitialize.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    devices, count = (ctypes.c_void_p * 16)(), ctypes.c_int()
    query_devices(16, devices, ctypes.byref(count))
    chosen = os.environ.get("MUJOCO_EGL_DEVICE_ID")
    indices = range(count.value) if chosen is None else [int(chosen)]
    for index in indices:
        if index < count.value:
            display = get_display(_PLATFORM_DEVICE_EXT, devices[index], None)
            if display and egl.eglInitialize(display, None, None):
                return ""
    return f"none of {count.value} EGL devices can be initialised"


if __name__ == "__main__":
    problem = _probe()
    if problem:
        print(problem)
    # Drivers' exit handlers are not to be trusted; everything has been said.
    sys.stdout.flush()
    os._exit(1 if problem else 0)
