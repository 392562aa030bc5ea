# SPDX-License-Identifier: Apache-2.0
"""Policies that do what a test says, servers that speak as others', and worlds around them."""
