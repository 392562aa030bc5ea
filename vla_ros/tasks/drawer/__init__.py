# SPDX-License-Identifier: Apache-2.0
"""Drawer: open the drawer that the instruction names, put the named object in, close it."""
