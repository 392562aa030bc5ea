# SPDX-License-Identifier: Apache-2.0
"""A shift: a job that goes on for long, its figures sampled, its nodes killed; what was not as it must be."""
