# SPDX-License-Identifier: Apache-2.0
"""What the recorder says in diagnostics, for whoever waits for it to listen."""

from __future__ import annotations

RECORDER = "recorder"  # name of its status
LACKING = "lacking"  # key of the contract's topics that none has arrived from
HEARD = "heard"  # key of the topics that messages have arrived from, with spaces between them
BAG = "bag"  # key of the episode's bag that is being written, of a bag for each episode
BAGS = "bags"  # key of those that are whole, the newest last
