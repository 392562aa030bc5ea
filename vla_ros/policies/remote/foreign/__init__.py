# SPDX-License-Identifier: Apache-2.0
"""Policy servers of others: what they are sent, what their numbers mean, how they speak."""
