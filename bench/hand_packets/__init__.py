# SPDX-License-Identifier: Apache-2.0
"""What an arm makes of a headset's packets that a network delivers unevenly."""
