# SPDX-License-Identifier: Apache-2.0
"""Is everything there that a data contract makes its data of? Asked while it is recorded, not at conversion."""

from __future__ import annotations

from collections.abc import Mapping

from sensor_msgs.msg import Image

from vla_ros import messages
from vla_ros.data.bags.image_reading import IMAGE_TYPES
from vla_ros.data.bags.reader import BagMessage
from vla_ros.data.conversion.sources import camera_topic, contract_sources
from vla_ros.nodes.recorder.recorded_topic import RecordedTopic
from vla_ros.policies.contract import DataContract
from vla_ros.policies.contract_checks import check_robot
from vla_ros.robots.embodiment import Embodiment

RAW = "sensor_msgs/msg/Image"


class ContractWatch:
    """What of a contract is lacking, and the first thing that is not as it says."""

    def __init__(self, contract: DataContract, robot: Embodiment, namespace: str = "/") -> None:
        """Look for the contract's topics in `namespace`. Raises ConfigError when it is another robot's contract."""
        check_robot(contract, robot)
        self.name = contract.name
        prefix = namespace.rstrip("/")
        self._sources = {
            source.topic if source.topic.startswith("/") else f"{prefix}/{source.topic}": source
            for source in contract_sources(contract, robot)
        }
        self._sizes = {}
        for name, camera in contract.cameras.items():
            topic = camera_topic(contract, name)
            if camera.fit == "exact":
                full = topic if topic.startswith("/") else f"{prefix}/{topic}"
                self._sizes[full] = (name, camera.width, camera.height)
        self.objection = ""  # one line: what does not fit

    def see(self, topic: RecordedTopic, message: BagMessage) -> None:
        """Look at a message; of a camera the first counts."""
        if topic.name not in self._sizes or topic.definition.name != RAW:
            return
        name, width, height = self._sizes.pop(topic.name)
        try:
            image = messages.read_message(message.data, Image)
        except messages.MessageError as error:
            self._object(f"camera '{name}' sends {error}")
            return
        if (image.width, image.height) != (width, height):
            self._object(
                f"camera '{name}' sends {image.width}x{image.height}, contract '{self.name}' says {width}x{height}: "
                "change the camera, or the contract's size or fit"
            )

    def lacking(self, topics: Mapping[str, RecordedTopic]) -> list[str]:
        """Return the contract's topics that nothing has come from; notice those of another type."""
        silent = []
        for name, source in self._sources.items():
            topic = topics.get(name)
            if topic is None or not topic.count:
                silent.append(name)
            kinds = (*source.types, *IMAGE_TYPES) if source.types == IMAGE_TYPES else source.types
            if topic is not None and topic.definition.name not in kinds:
                self._object(f"{name} is {topic.definition.name}, {source.reason} needs {' or '.join(source.types)}")
        return silent

    def _object(self, words: str) -> None:
        self.objection = self.objection or words
