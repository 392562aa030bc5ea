# SPDX-License-Identifier: Apache-2.0
"""Keys and values that a language model cached, as action experts of several families attend to them."""
