# SPDX-License-Identifier: Apache-2.0
"""Policies of a few thousand weights, not trained, with everything that their tests feed them."""
