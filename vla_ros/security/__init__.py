# SPDX-License-Identifier: Apache-2.0
"""DDS Security (SROS 2): what each node may say and hear, and keystores of keys and signed permissions for that."""
