# SPDX-License-Identifier: Apache-2.0
"""From pictures with depth to things on a table: points, segments, shapes, names of colours."""
