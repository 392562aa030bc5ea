# SPDX-License-Identifier: Apache-2.0
"""The WebSocket that Foxglove connects to, on this machine alone, and the time it shows."""

from __future__ import annotations

from foxglove import Context, start_server
from foxglove.websocket import Capability

from controllers.errors import ConfigError
from vla_ros.nodes.view.drawing import nanoseconds

HOST = "127.0.0.1"
BACKLOG = 256  # messages a slow client may be behind: older ones are dropped, memory stays bounded
_TURNED_BACK_S = 0.5  # a simulation was started anew, not a message late


class ViewServer:
    """Serve the channels of `context`. The time is that of the messages, so that a simulation shows its own."""

    def __init__(self, name: str, port: int) -> None:
        """Listen on `port`; 0: any that is free. Raises ConfigError when somebody else does."""
        self.context = Context()
        self.time = 0.0  # [s] newest stamp of any message
        self._robot_time = 0.0  # [s] newest stamp of joint states or control
        self._sent = -1.0
        try:
            self._server = start_server(
                name=name,
                host=HOST,
                port=port,
                capabilities=[Capability.Time],
                context=self.context,
                message_backlog_size=BACKLOG,
            )
        except RuntimeError as error:
            reason = str(error).rpartition("port: ")[2]
            raise ConfigError(f"view_port {port}: {reason}; give another, or 0 for any that is free") from None

    @property
    def url(self) -> str:
        """Return what a client on this machine connects to."""
        return f"ws://localhost:{self._server.port}"

    def see(self, time: float) -> None:
        """Note the stamp [s] of a message, which may be an old one."""
        self.time = max(self.time, time)

    def follow(self, time: float) -> None:
        """Note the stamp [s] of the robot, which is never late: where it turns back, all that was shown is over.

        Only the robot's own stamps are compared: a camera whose clock is ahead must not make each a new session.
        """
        if time < self._robot_time - _TURNED_BACK_S:
            self.time, self._sent, self._robot_time = time, -1.0, time
            self._server.clear_session()
        self._robot_time = max(self._robot_time, time)
        self.see(time)

    def broadcast_time(self) -> None:
        """Tell the clients, when it has moved on."""
        if self.time > self._sent:
            self._sent = self.time
            self._server.broadcast_time(nanoseconds(self.time))

    def close(self) -> None:
        """Say goodbye to the clients."""
        self._server.stop()
