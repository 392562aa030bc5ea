# SPDX-License-Identifier: Apache-2.0
"""What may move an arm, where, how near and with how much energy."""
