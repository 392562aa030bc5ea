# SPDX-License-Identifier: Apache-2.0
"""Latent actions: what changes from one frame of a video to the next, as a few discrete codes (appendix A)."""
