# SPDX-License-Identifier: Apache-2.0
"""Start nodes by forking a process that has imported what all of them import: a second of processor time a node less.

Run as a program it is that process, `python -m rig.node_server <descriptor of a socket>`, which forks where it is asked
to and says how its children ended. A child then runs the node's module as `python -m` would, in an environment and with
an output of its own; nothing of ROS has begun before the fork.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import fcntl
import functools
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from vla_ros.launching.environment import ONE_THREAD, module_environment

STACKS = signal.SIGUSR1  # a node that hears it writes where each of its threads is
MESSAGE_MAX = 1 << 17  # [bytes] of a request: module, arguments, environment
# Not rclpy: it begins threads as soon as it is imported.
PRELOADED = (
    *("scipy.interpolate", "scipy.signal", "scipy.spatial", "aiohttp.web", "cryptography.x509"),
    *("controllers.follower", "vla_ros.data.bags.recording", "vla_ros.evaluation.rollout", "vla_ros.robots.control"),
    *("vla_ros.sim.world", "vla_ros.tasks.table"),
    *("diagnostic_msgs.msg", "geometry_msgs.msg", "lifecycle_msgs.srv", "nav_msgs.msg", "rcl_interfaces.srv"),
    *("rosgraph_msgs.msg", "sensor_msgs.msg", "std_msgs.msg", "std_srvs.srv", "trajectory_msgs.msg"),
    "visualization_msgs.msg",
)


class ForkedProcess:
    """A node's process, with what a `subprocess.Popen` of it would have."""

    def __init__(self, module: str, arguments: Sequence[str], environment: Mapping[str, str], pipesize: int) -> None:
        """Start `module` with `arguments`; its output, errors included, comes in `stdout`."""
        read, write = os.pipe()
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, pipesize)
        try:
            self.pid: int = _server().ask({"module": module, "words": list(arguments), "env": dict(environment)}, write)
        finally:
            os.close(write)
        self.stdout = open(read, errors="replace")  # noqa: SIM115 (communicate closes it)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, minus the signal's number where one ended it; None while it runs."""
        if self.returncode is None:
            self.returncode = _server().ask({"ended": self.pid})
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; return the exit code. Raises TimeoutExpired after `timeout` [s]."""
        end = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(f"node {self.pid}", timeout or 0.0)
            time.sleep(0.01)
        return int(self.returncode or 0)

    def send_signal(self, number: int) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """Wait for its end; return what of its output was not read yet. Raises TimeoutExpired after `timeout` [s]."""
        self.wait(timeout)
        if self.stdout.closed:
            return "", None
        with self.stdout as output:
            return output.read(), None


def processor_time() -> float:
    """Return what nodes that were started here, and have ended, took of the processors [s]."""
    return float(_server().ask({"spent": True})) if _server.cache_info().currsize else 0.0


class _Server:
    """This process's end of the socket, and the process that forks."""

    def __init__(self) -> None:
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = module_environment() | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"}
        environment |= dict.fromkeys(ONE_THREAD, "1")  # as a launch has it; a pool of threads could not be forked
        words = [sys.executable, "-m", "rig.node_server", str(other.fileno())]
        self._process = subprocess.Popen(words, env=environment, pass_fds=[other.fileno()])
        other.close()
        atexit.register(self._close)

    def ask(self, request: Mapping[str, object], *descriptors: int) -> Any:
        """Return what the server answers to a request."""
        socket.send_fds(self._socket, [json.dumps(request).encode()], descriptors)
        return json.loads(self._socket.recv(MESSAGE_MAX))

    def _close(self) -> None:
        self._socket.close()
        self._process.wait()


@functools.cache
def _server() -> _Server:
    return _Server()


def _preload() -> None:
    """Import what is dear and begins no thread: a thread of before the fork would be missing in the children."""
    for name in PRELOADED:
        importlib.import_module(name)
    threads = len(os.listdir("/proc/self/task"))
    assert threads == 1, f"{threads} threads: one of {', '.join(PRELOADED)} has begun others"
    gc.collect()
    gc.freeze()  # else the first collection in a child would copy all of it


def _serve(requests: socket.socket) -> list[str]:
    """Fork children until nobody asks any more; in a child, return its module and arguments."""
    children: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, MESSAGE_MAX, 1)
        if not message:
            for child in children:  # whose test is gone
                os.kill(child, signal.SIGKILL)
            return []
        request = json.loads(message)
        if "ended" in request:
            child, status = os.waitpid(request["ended"], os.WNOHANG)
            children.discard(child)
            answer = os.waitstatus_to_exitcode(status) if child else None
        elif "spent" in request:
            times = os.times()
            answer = times.children_user + times.children_system
        else:
            answer = os.fork()
            if answer == 0:
                _become(descriptors[0], request["env"])
                return [request["module"], *request["words"]]
            children.add(answer)
            os.close(descriptors[0])
        requests.send(json.dumps(answer).encode())


def _become(output: int, environment: Mapping[str, str]) -> None:
    """Have a process's own output, environment and signals."""
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)
    os.environ.clear()
    os.environ.update(environment)
    places = [place for place in environment.get("PYTHONPATH", "").split(os.pathsep) if place]
    sys.path[:] = [*places, *(place for place in sys.path if place not in places)]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    faulthandler.register(STACKS, all_threads=True)


def main() -> None:
    """Fork for whoever holds the other end of the socket; a child becomes the module that it was asked for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all: the tests end their nodes themselves
    _preload()
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        words = _serve(requests)
    if words:
        sys.argv = words
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
