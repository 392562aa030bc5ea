# SPDX-License-Identifier: Apache-2.0
"""Which policies there are: what a family says of itself, and how it is found, checked, loaded and taught."""
