# SPDX-License-Identifier: Apache-2.0
"""Small tasks for what a small flow can be trained for: robots that stand elsewhere, a way that ends in a slot."""
