# SPDX-License-Identifier: Apache-2.0
"""Words that speak to a running robot: home, stop, recover."""
