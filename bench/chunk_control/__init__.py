# SPDX-License-Identifier: Apache-2.0
"""The comparison of chunk-following methods: streams, methods, roll-outs, metrics, tables, pictures."""
