# SPDX-License-Identifier: Apache-2.0
"""What a served policy does about the way to who asks: an optional capability."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class HearsTransport(Protocol):
    """A policy that reckons with the time its chunks are on their way."""

    def transport_took(self, seconds: float) -> None:
        """Take how long the last request and its chunk were on their way [s], before the next `infer`."""
        ...
