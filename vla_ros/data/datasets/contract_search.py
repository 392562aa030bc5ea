# SPDX-License-Identifier: Apache-2.0
"""What is to be said of a dataset whose meta/contract.json is gone, and which contracts its columns fit."""

from __future__ import annotations

from controllers.errors import VlaError
from vla_ros.data.datasets.layout import CONTRACT
from vla_ros.data.datasets.metadata import DatasetMetadata
from vla_ros.data.datasets.schema import check_dataset
from vla_ros.policies.contract import contract_names, load_contract


def fitting_contracts(metadata: DatasetMetadata) -> tuple[str, ...]:
    """Name the contracts of config/contracts whose columns, by name and shape, the dataset has."""
    return tuple(name for name in contract_names() if _fits(name, metadata))


def contract_note(metadata: DatasetMetadata) -> str | None:
    """Return one line about a contract that is missing where it should be; None when there is nothing to say."""
    if (metadata.root / CONTRACT).is_file():
        return None
    write = f"`vla dataset edit {metadata.root} --contract"
    if metadata.contract is not None:
        return (
            f"{CONTRACT} is missing (lerobot's tools leave it out): the copy in meta/info.json, "
            f"'{metadata.contract.name}', is used; {write} {metadata.contract.name}` writes it back"
        )
    names = fitting_contracts(metadata)
    if not names:
        return None
    return f"has no contract; its columns are those of {', '.join(names)}: {write} {names[0]}` says so in it"


def _fits(name: str, metadata: DatasetMetadata) -> bool:
    try:
        check_dataset(load_contract(name), metadata)
    except VlaError:
        return False
    return True
