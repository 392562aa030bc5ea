# SPDX-License-Identifier: Apache-2.0
"""Flip: a parcel that lies on the table is turned by two hands until its label is up."""
