# SPDX-License-Identifier: Apache-2.0
"""A simulated hand: drives a bridge over its own websocket, as a person with a headset does."""
