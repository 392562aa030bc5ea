# SPDX-License-Identifier: Apache-2.0
"""Whether suction cups seal on a surface, and whether sealed cups hold an object: geometry and statics in batches."""
