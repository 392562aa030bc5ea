# SPDX-License-Identifier: Apache-2.0
"""Every message of the graph into a bag: raw CDR in rosbag2's MCAP layout, images raw, as JPEG or as H.264."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node

from vla_ros import messages, qos
from vla_ros.data.bags import marks, notes
from vla_ros.data.bags.episode_bags import EPISODES, EpisodeBags, collection_root, unfinished
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.image_compression import FORMS
from vla_ros.data.bags.metadata import VERSIONS
from vla_ros.data.bags.reader import BagMessage
from vla_ros.data.bags.recording import Recording, RecordingSettings, RecordingStatus
from vla_ros.data.bags.topic_choice import TopicChoice
from vla_ros.data.bags.writer import COMPRESSIONS, BagSettings, BagWriter
from vla_ros.nodes.memory import give_memory_back
from vla_ros.nodes.parameters import declare, declare_list
from vla_ros.nodes.recorder.contract_watch import ContractWatch
from vla_ros.nodes.recorder.progress_line import ProgressLine
from vla_ros.nodes.recorder.recorded_topic import RecordedTopic
from vla_ros.nodes.recorder.report import BAG, BAGS, HEARD, LACKING, RECORDER
from vla_ros.nodes.recorder.topic_watch import TopicWatch
from vla_ros.nodes.recorder.transform_recorder import TransformRecorder
from vla_ros.nodes.scheduling import prefer_punctuality
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node, steady_timer
from vla_ros.nodes.transport import Transport
from vla_ros.policies.contract import contract_line, load_contract
from vla_ros.robots.embodiment import load_embodiment

TAKE_PERIOD_S = 0.01  # messages keep the time at which they were received, however late they are taken
POLL_PERIOD_S = 0.25  # for new topics
SHOW_PERIOD_S = 0.5
TRIM_PERIOD_S = 5.0
EPISODE_PREROLL_S = 0.5  # of a bag for each episode: joint states and images from before the first moment
BAGS_SAID = 20  # in diagnostics
RECEIVING_PRIORITY = 5  # SCHED_FIFO, where it is permitted; control has 20


class RecorderNode(Node):
    """Take bytes from topics and give them to the writing thread."""

    def __init__(self) -> None:
        super().__init__("recorder_node")
        directory = Path(declare(self, "directory", "bag", "folder of the bag, which must not exist yet"))
        self._each = declare(self, "episodes", False, "a bag for each episode, in that folder, which may exist")
        collection = declare(self, "collection", "", "collection whose episodes are recorded, a bag each; empty: none")
        if collection:
            directory, self._each = collection_root(collection) / EPISODES, True
        wanted = declare_list(self, "topics", (), "topics to record, * and ? stand for anything; none: all")
        excluded = declare_list(self, "exclude", (), "topics not to record")
        robot = declare(self, "robot", "", "robot whose /tf is added where nobody publishes it; empty: none")
        job = declare(self, "job", "", "what runs, noted in the bag")
        contract = declare(self, "contract", "", "data contract that the recording must serve; empty: none")
        self._contract: ContractWatch | None = None
        noted = {notes.JOB: job, notes.ROBOT: robot}
        if contract:
            watched = load_contract(contract)
            noted |= {notes.CONTRACT: contract_line(watched), notes.NAMESPACE: self.get_namespace().strip("/")}
            self._contract = ContractWatch(watched, load_embodiment(robot or watched.robot), self.get_namespace())
        self._objected = ""
        self._duration_max = declare(self, "duration_s", 0.0, "end by itself after so long [s]; 0: never", 0.0, 1e9)
        self._recording = Recording(
            self._target(directory, {key: value for key, value in noted.items() if value}), self._settings()
        )
        self.problem = self._recording.status.problem
        if self.problem:
            self._recording.close()
            raise BagError(f"nothing recorded: {self.problem}: make room, or lower free_mb")
        self._born = time.time_ns()  # [ns] since the epoch
        # Taken from, not called back by: a name that begins so is hidden from lists.
        self._quiet = rclpy.create_node(
            "_recorder_node_quiet",
            enable_rosout=False,
            start_parameter_services=False,
            use_global_arguments=False,
        )
        warn = self.get_logger().warning
        self._watch = TopicWatch(self._quiet, TopicChoice(wanted, excluded), self._on_new_topic, warn)
        self._transforms = TransformRecorder(robot, self._recording) if robot else None
        self._diagnostics = self.create_publisher(DiagnosticArray, "diagnostics", qos.EVENTS)
        self._line = ProgressLine()
        self._began, self._shown, self._taken = time.monotonic(), time.monotonic(), 0
        self._taken_shown, self._lost_told, self._lost_before = 0, 0, 0
        self._bags_told, self._problem_told = 0, ""
        steady_timer(self, TAKE_PERIOD_S, self._take)
        steady_timer(self, POLL_PERIOD_S, self._watch.poll)
        steady_timer(self, SHOW_PERIOD_S, self._show)
        steady_timer(self, TRIM_PERIOD_S, give_memory_back)  # glibc keeps all that a moment's queue has needed
        self._watch.poll()
        if self._each:
            for partial in unfinished(directory):
                warn(f"{partial} was not finished: `vla bag repair {partial}`")
        print(f"recording {'each episode ' if self._each else ''}into {directory}", flush=True)

    def _target(self, directory: Path, noted: dict[str, str]) -> BagWriter | EpisodeBags:
        settings = self._bag_settings()
        return (EpisodeBags if self._each else BagWriter)(directory, settings, noted)

    def _bag_settings(self) -> BagSettings:
        return BagSettings(
            compression=declare(self, "compression", "zstd", "of chunks", choices=COMPRESSIONS),
            level=declare(self, "level", 1, "zstd's level: 1 is fast, 19 is small", 1, 22),
            split_bytes=declare(self, "split_mb", 0, "begin a new file after so much [MB]; 0: never", 0, 10**6) * 10**6,
            split_s=declare(self, "split_s", 0.0, "begin a new file after so long [s]; 0: never", 0.0, 1e6),
            distribution=declare(self, "compat", "jazzy", "whose rosbag2 is to read it", choices=tuple(VERSIONS)),
        )

    def _settings(self) -> RecordingSettings:
        return RecordingSettings(
            images=declare(self, "images", "raw", "form of colour images", choices=FORMS),
            queue_bytes=declare(self, "queue_mb", 256, "messages that may wait for the disk [MB]", 1, 10**5) * 10**6,
            free_bytes=declare(self, "free_mb", 512, "room to leave on the disk [MB]", 0, 10**7) * 10**6,
            preroll_s=declare(
                self,
                "preroll_s",
                0.0,
                "record episodes alone, each from so long before it [s]; 0: all, and with "
                f"a bag for each episode {EPISODE_PREROLL_S:g} s",
                0.0,
                600.0,
            )
            or (EPISODE_PREROLL_S if self._each else 0.0),
            postroll_s=declare(self, "postroll_s", 1.0, "and until so long after it [s]", 0.0, 600.0),
        )

    # -- messages ------------------------------------------------------------------------------------------------------
    def _on_new_topic(self, topic: RecordedTopic) -> None:
        self._recording.add_topic(topic.name, topic.definition, topic.offered)

    def _take(self) -> None:
        for topic in self._watch.topics.values():
            is_marks = marks.is_marks_topic(topic.name)
            for message in topic.take():
                self._taken += len(message.data)
                if is_marks:
                    self._on_mark(message)
                else:
                    self._recording.put(message)
                    if self._contract is not None:
                        self._contract.see(topic, message)
                    if self._transforms is not None:
                        self._transforms.see(message, self._watch.topics)

    def _on_mark(self, message: BagMessage) -> None:
        try:
            mark = messages.read_message(message.data, DiagnosticStatus)
        except messages.MessageError as error:
            self.get_logger().warning(f"{message.topic}: {error}; left out")
            return
        if self._each and message.publish_time < self._born:
            return  # latched: an episode of before, which another recorder had
        if mark.message == marks.BEGIN:
            self._recording.begin_episode(messages.diagnostic_values(mark).get(marks.BAG, ""))
            self._lost_before = self._watch.lost
        self._recording.put(message)
        if mark.message == marks.END:
            lost = self._watch.lost - self._lost_before
            self._recording.end_episode({"lost": str(lost)} if lost else {})

    # -- how it goes ---------------------------------------------------------------------------------------------------
    def _show(self) -> None:
        now, status, lost = time.monotonic(), self._recording.status, self._watch.lost
        rate = (self._taken - self._taken_shown) / max(now - self._shown, 1e-3)
        self._shown, self._taken_shown = now, self._taken
        self._line.refresh(now - self._began, status, lost, rate)
        self.problem = status.problem
        self._tell_bags(status)
        gone = lost + status.dropped
        if gone > self._lost_told:
            self._line.end()
            worst = max(self._watch.topics.values(), key=lambda topic: topic.gaps.lost, default=None)
            where = f", most on {worst.name}" if worst is not None and worst.gaps.lost else ""
            self.get_logger().warning(f"{gone - self._lost_told} messages lost{where}: {gone} so far")
            self._lost_told = gone
        self._diagnose(status, lost, rate)

    def _tell_bags(self, status: RecordingStatus) -> None:
        """Say which episodes have become bags, and once what went wrong."""
        for name in status.bags[self._bags_told :]:
            self._line.end()
            print(f"{name} is whole", flush=True)
        self._bags_told = len(status.bags)
        if self._each and self.problem != self._problem_told:
            self._line.end()
            if self.problem:
                self.get_logger().error(f"{self.problem}: the episode's bag is ended, whole up to there; make room")
            else:
                self.get_logger().info("there is room again: the next episode is recorded")
            self._problem_told = self.problem

    def _object(self) -> str:
        """Say once what does not fit the contract; return it."""
        objection = "" if self._contract is None else self._contract.objection
        if objection != self._objected:
            self._objected = objection
            self._line.end()
            self.get_logger().error(objection)
        return objection

    def _diagnose(self, status: RecordingStatus, lost: int, rate: float) -> None:
        lacking = [] if self._contract is None else self._contract.lacking(self._watch.topics)
        trouble = self.problem or self._object()
        level = messages.ERROR if trouble else messages.WARN if lost + status.dropped else messages.OK
        values = {
            "messages": str(status.messages),
            "mb": f"{status.size / 1e6:.1f}",
            "mb_per_s": f"{rate / 1e6:.2f}",
            "lost": str(lost),
            "dropped": str(status.dropped),
            "waiting_mb": f"{status.waiting / 1e6:.1f}",
            "free_gb": f"{status.free / 1e9:.2f}",
            HEARD: " ".join(name for name, topic in self._watch.topics.items() if topic.count),
            LACKING: " ".join(lacking),
            BAG: status.bag,
            BAGS: " ".join(status.bags[-BAGS_SAID:]),
        }
        report = messages.diagnostic(RECORDER, level, trouble, values)
        self._diagnostics.publish(messages.diagnostic_array(self.get_clock().now().nanoseconds * 1e-9, report))

    def prefer_punctuality(self) -> None:
        """Have what receives run at once: publishers keep ten messages for who comes late, 20 ms of joint states.

        It works for a fraction of a millisecond at a time; compressing and writing, which do not, are spared.
        """
        prefer_punctuality(RECEIVING_PRIORITY, [self._recording.thread_id])

    @property
    def finished(self) -> bool:
        """Say whether there is nothing more to do: it was to end now, or the disk is full."""
        over = self._duration_max > 0.0 and time.monotonic() - self._began >= self._duration_max
        return over or (bool(self.problem) and not self._each)  # the next episode may find room again

    def close(self) -> int:
        """Take what has still arrived, end the bag and say what is in it. Return the exit code."""
        self._take()
        self._watch.close()
        self._line.end()
        if self._watch.lost:
            self._recording.note("lost", str(self._watch.lost))
        try:
            bag = self._recording.close()
        except BagError as error:
            print(error, flush=True)
            return 1
        self._tell_bags(self._recording.status)
        status, lost = self._recording.status, self._watch.lost + self._recording.status.dropped
        topics = sum(topic.count > 0 for topic in self._watch.topics.values())
        episodes = f"{len(status.bags)} episodes, " if self._each else ""
        words = f"{bag}: {episodes}{status.messages} messages of {topics} topics, {status.size / 1e6:.1f} MB"
        print(f"{words}, {lost} lost" if lost else f"{words}, none lost", flush=True)
        if self.problem:
            print(f"ended early: {self.problem}; the bag is whole up to there", flush=True)
        return 1 if self.problem or self._unfit() else 0

    def _unfit(self) -> str:
        """Say why the bag does not serve its contract; "" when it does."""
        if self._contract is None:
            return ""
        lacking = self._contract.lacking(self._watch.topics)
        reason = self._contract.objection
        if lacking and not reason:
            reason = f"nothing came from {', '.join(lacking)}, which contract '{self._contract.name}' needs"
        if reason:
            print(reason, flush=True)
        return reason


def serve(stop: StopRequest) -> int:
    """Record until asked to stop. Not a managed node: it listens before anybody is configured."""
    node = RecorderNode()
    node.prefer_punctuality()
    try:
        Spinner(node, stop).until(lambda: node.finished)
    finally:
        code = node.close()
    return code


def main() -> int:
    """Run the node."""
    cv2.setNumThreads(1)
    return run_node("recorder", serve, Transport.IMAGES_IN)


if __name__ == "__main__":
    raise SystemExit(main())
