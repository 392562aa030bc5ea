# SPDX-License-Identifier: Apache-2.0
"""Placing: put the object that the instruction names into or onto the receptacle that it names."""
