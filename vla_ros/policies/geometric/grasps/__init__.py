# SPDX-License-Identifier: Apache-2.0
"""Grasps for what is seen: candidates, what they cost, what the arm reaches."""
