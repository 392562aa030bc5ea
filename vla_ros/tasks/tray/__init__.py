# SPDX-License-Identifier: Apache-2.0
"""Tray: two hands carry a tray to a marked place, and what stands on it stays there."""
