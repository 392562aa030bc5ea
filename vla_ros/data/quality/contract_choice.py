# SPDX-License-Identifier: Apache-2.0
"""By which contract a bag is judged: one that is requested, the one it was recorded for, or one that its topics fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError, VlaError
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.image_reading import ImageReader
from vla_ros.data.bags.notes import CONTRACT, ROBOT
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.conversion.sources import camera_topic, contract_sources, locate
from vla_ros.policies.contract import DataContract, contract_from_text, contract_names, load_contract
from vla_ros.policies.image_fit import fit_image
from vla_ros.robots.embodiment import load_embodiment


@dataclass(frozen=True)
class ContractChoice:
    """A contract, and how it is known that it is this one."""

    contract: DataContract
    origin: str


def choose_contract(
    bag: BagReader, asked: DataContract | None = None, robot: str = "", namespace: str = ""
) -> ContractChoice | None:
    """Return a bag's contract, None when nothing says which; `robot` counts where the bag does not name its own.

    Of those in config/contracts that its topics and image sizes fit it is the one that takes most of them. A contract
    that makes any picture fit, as those for other frameworks' policies do, says nothing and is not among them. Raises
    BagError for a noted contract that cannot be read.
    """
    if asked is not None:
        return ContractChoice(asked, "requested")
    noted = bag.custom_data.get(CONTRACT, "")
    if noted:
        where = f"{bag.files.path}: the contract noted in it"
        try:
            return ContractChoice(contract_from_text(noted, where), "noted in the recording")
        except ConfigError as error:
            raise BagError(f"{error}; name one with --contract") from None
    robot = bag.custom_data.get(ROBOT, "") or robot
    known = [contract for contract in known_contracts(robot) if _asks_for_sizes(contract)]
    fitting = [contract for contract in known if _fits(contract, bag, namespace)]
    # A camera that never sent a picture was meant to: its topic is there, and empty.
    fitting = fitting or [contract for contract in known if _fits(contract, bag, namespace, silent=True)]
    if not fitting:
        return None
    most = max(fitting, key=lambda contract: len(contract_sources(contract, load_embodiment(contract.robot))))
    return ContractChoice(most, "its topics fit")


def known_contracts(robot: str = "") -> list[DataContract]:
    """Return the contracts of config/contracts, those for one robot where it is named, in order of their names."""
    contracts = [load_contract(name) for name in contract_names()]
    return [contract for contract in contracts if robot in ("", contract.robot)]


def _asks_for_sizes(contract: DataContract) -> bool:
    return not contract.cameras or any(stream.fit == "exact" for stream in contract.cameras.values())


def _fits(contract: DataContract, bag: BagReader, namespace: str, silent: bool = False) -> bool:
    """Say whether a bag has all topics of a contract, `silent` ones among them, with images of a size that it takes."""
    located = locate(contract, load_embodiment(contract.robot), bag, namespace)
    for source, topic, speaks in located:
        if topic not in bag.topics or not (speaks or silent) or bag.topics[topic].type not in source.types:
            return False
    topics = {source.topic: topic for source, topic, _ in located}
    try:
        for camera, stream in contract.cameras.items():
            image = _first_image(bag, topics[camera_topic(contract, camera)])
            if image is not None:
                fit_image(image, stream, camera)
    except VlaError:
        return False
    return True


def _first_image(bag: BagReader, topic: str) -> np.ndarray | None:
    """Return a topic's first picture; None where nothing came, or a video begins without a key frame."""
    message = next(bag.messages([topic]), None)
    return None if message is None else ImageReader(bag.topics[topic].type).read(bag.decode(message))
