# SPDX-License-Identifier: Apache-2.0
"""Hands without a robot: what a headset saw and how a hand moved, as episodes of a robot's contract, masked."""
