# SPDX-License-Identifier: Apache-2.0
"""`vla eval`: roll-outs in lockstep, or episodes through the graph."""
