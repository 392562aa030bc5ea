# SPDX-License-Identifier: Apache-2.0
"""Whole-body control: all joints and the base of a robot in one quadratic programme a tick."""
