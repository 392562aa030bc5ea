# SPDX-License-Identifier: Apache-2.0
"""FAST: chunks of actions as few discrete tokens (Pertsch et al. 2025)."""
