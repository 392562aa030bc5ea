# SPDX-License-Identifier: Apache-2.0
"""Pass a long thing from one hand to the other in the air, and let it down on the other side."""
