# SPDX-License-Identifier: Apache-2.0
"""From topics to observations to chunks."""
