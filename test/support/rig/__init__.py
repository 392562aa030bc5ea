# SPDX-License-Identifier: Apache-2.0
"""Real nodes and real launches as processes, someone who operates them and someone who only looks on."""
