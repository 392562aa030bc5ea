# SPDX-License-Identifier: Apache-2.0
"""The folder of a collection: its journal, its episodes, their pictures, the trash."""
