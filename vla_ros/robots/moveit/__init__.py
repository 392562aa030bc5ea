# SPDX-License-Identifier: Apache-2.0
"""MoveIt's files of a robot, made of its description: the SRDF, and the parameters of the node that plans."""
