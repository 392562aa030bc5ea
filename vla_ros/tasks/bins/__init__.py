# SPDX-License-Identifier: Apache-2.0
"""Bins: things are picked from a tote, and put into another."""
