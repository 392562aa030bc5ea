# SPDX-License-Identifier: Apache-2.0
"""GAM at a small size: an actor that proposes tool poses with what each cup and finger does, and a critic of them."""
