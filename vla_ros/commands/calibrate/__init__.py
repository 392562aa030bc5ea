# SPDX-License-Identifier: Apache-2.0
"""`vla calibrate`: a board to print, optics, hand-eye, the table's height."""
