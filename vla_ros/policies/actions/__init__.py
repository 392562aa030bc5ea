# SPDX-License-Identifier: Apache-2.0
"""A policy's rows of numbers: what they mean to a robot, and what its networks learn of them."""
