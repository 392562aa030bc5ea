# SPDX-License-Identifier: Apache-2.0
"""Torque laws: impedance, and what is added to it."""
