# SPDX-License-Identifier: Apache-2.0
"""Grippers that take one goal at a time."""
