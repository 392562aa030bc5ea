# SPDX-License-Identifier: Apache-2.0
"""Hang: a T-shirt that lies flat on the table is laid over the bar of a hanger by two hands."""
