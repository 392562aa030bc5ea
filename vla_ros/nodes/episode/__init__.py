# SPDX-License-Identifier: Apache-2.0
"""What the episode node watches, judges and films."""
