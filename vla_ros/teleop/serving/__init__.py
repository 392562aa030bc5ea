# SPDX-License-Identifier: Apache-2.0
"""How a page reaches people, and only those who are meant: address, certificate, token, one server a page."""
