# SPDX-License-Identifier: Apache-2.0
"""`vla tools`: end-of-arm tools as tables and pictures."""
