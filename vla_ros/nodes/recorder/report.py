# SPDX-License-Identifier: Apache-2.0
"""What the recorder says in diagnostics, for whoever waits for it to listen."""

from __future__ import annotations

RECORDER = "recorder"  # name of its status
LACKING = "lacking"  # key of the contract's topics that none has arrived from
HEARD = "heard"  # key of the topics that messages have arrived from, with spaces between them
