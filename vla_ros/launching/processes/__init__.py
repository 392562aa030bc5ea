# SPDX-License-Identifier: Apache-2.0
"""Processes of a running graph: started, listened to, ended in order."""
