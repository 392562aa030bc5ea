# SPDX-License-Identifier: Apache-2.0
"""Parts of vr_bridge_node: the robot as an operator's page sees it."""
