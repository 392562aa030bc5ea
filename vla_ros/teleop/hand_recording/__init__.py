# SPDX-License-Identifier: Apache-2.0
"""Recording of hand demonstrations without a robot: a page of its own, what it sends, the folder they are kept in."""
