# SPDX-License-Identifier: Apache-2.0
"""`vla robots`: what is known of robots, as words, tables, pictures and files."""
