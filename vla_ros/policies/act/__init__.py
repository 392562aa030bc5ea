# SPDX-License-Identifier: Apache-2.0
"""ACT, action chunking with transformers: a learned baseline. Nothing outside imports it unless it is requested."""
