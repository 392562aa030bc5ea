# SPDX-License-Identifier: Apache-2.0
"""What a policy may offer beside chunks, and how that is drawn: boxes, reasoning, a flow, an ear for refusals."""
