# SPDX-License-Identifier: Apache-2.0
"""How many episodes a comparison of two policies takes, asked before the first of them."""
