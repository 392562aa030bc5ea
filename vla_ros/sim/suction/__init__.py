# SPDX-License-Identifier: Apache-2.0
"""Suction cups: what seals, what holds, what lets go, and the pistons that they sit on."""
