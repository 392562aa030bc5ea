# SPDX-License-Identifier: Apache-2.0
"""Whether recorded episodes are fit to learn from: a score and its reasons, before anybody trains on them."""
