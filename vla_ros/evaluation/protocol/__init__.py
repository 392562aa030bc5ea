# SPDX-License-Identifier: Apache-2.0
"""`vla eval --test`: the table of a release, on scenes that nobody develops with, and who looked at them before."""
