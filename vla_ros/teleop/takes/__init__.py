# SPDX-License-Identifier: Apache-2.0
"""Takes of a hand without a robot: a page of their own, what it sends, the folder they are kept in."""
