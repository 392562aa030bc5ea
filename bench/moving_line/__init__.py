# SPDX-License-Identifier: Apache-2.0
"""A small task for chunk methods under variable delay: two right ways, and something that moves."""
