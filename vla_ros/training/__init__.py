# SPDX-License-Identifier: Apache-2.0
"""From simulated or recorded demonstrations to a policy's weights."""
