# SPDX-License-Identifier: Apache-2.0
"""A loop on absolute deadlines, and the clocks that it relates."""
