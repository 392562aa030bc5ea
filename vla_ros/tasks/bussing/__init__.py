# SPDX-License-Identifier: Apache-2.0
"""Bussing: clear a table that is wider than the robot reaches, tableware onto a tray or into a box, waste into bins."""
