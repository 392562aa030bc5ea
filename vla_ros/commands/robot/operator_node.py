# SPDX-License-Identifier: Apache-2.0
"""A node of the person at the terminal, in a running graph's domain and namespace, for as long as one word takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vla_ros.runtime.running import RunningGraph

if TYPE_CHECKING:
    from rclpy.node import Node


@contextmanager
def operator_node(graph: RunningGraph) -> Iterator[Node]:
    """Enter a graph; this process's environment becomes the graph's, which Fast DDS reads once."""
    os.environ.update(graph.environment)
    import rclpy

    context = rclpy.Context()
    rclpy.init(context=context, domain_id=graph.domain_id)
    try:
        # Parameters and a log of its own would take it half a second more.
        yield rclpy.create_node(
            f"operator_{os.getpid()}",
            context=context,
            namespace=graph.namespace,
            start_parameter_services=False,
            enable_rosout=False,
        )
    finally:
        rclpy.shutdown(context=context)
