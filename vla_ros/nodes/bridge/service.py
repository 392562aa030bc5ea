# SPDX-License-Identifier: Apache-2.0
"""A ROS service asked from the server's event loop."""

from __future__ import annotations

import asyncio
from typing import Any

from rclpy.client import Client

from controllers.errors import VlaError

TIMEOUT_S = 3.0


async def call_service(client: Client, request: Any, timeout: float = TIMEOUT_S) -> Any:
    """Return the response to a request. Raises VlaError when nobody answers."""
    name = client.srv_name
    if not client.service_is_ready():
        raise VlaError(f"nobody offers {name}: is the job running?")
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any) -> None:
        if not answered.done():
            answered.set_result(result)

    # The executor's thread hears the response.
    asked = client.call_async(request)
    asked.add_done_callback(lambda done: loop.call_soon_threadsafe(settle, done.result()))
    try:
        return await asyncio.wait_for(answered, timeout)
    except TimeoutError:
        client.remove_pending_request(asked)
        raise VlaError(f"{name} does not answer") from None
