# SPDX-License-Identifier: Apache-2.0
"""A person on the page: the question, the cameras with outlines of where things are to stand, and the answer."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from functools import cache

from vla_ros.commands.evaluation.trial.arguments import TrialEpisodes
from vla_ros.commands.evaluation.trial.asking import Answer, Question
from vla_ros.evaluation.blind.outlines import Outline, draw_outlines, outlines_of
from vla_ros.evaluation.blind.trials import Verdict
from vla_ros.launching.security import observer_environment
from vla_ros.nodes.bridge.cameras import encode_jpeg
from vla_ros.nodes.trial.pictures import Pictures
from vla_ros.robots.embodiment import load_embodiment, with_named_cameras
from vla_ros.teleop.serving.addresses import bind_address, is_local, link_hosts
from vla_ros.teleop.serving.certificate import fingerprint, tls_context
from vla_ros.teleop.serving.keeping import user_folder
from vla_ros.teleop.serving.page_server import Listening
from vla_ros.teleop.serving.pairing import pairing_token, qr_text
from vla_ros.teleop.verdicts.board import VerdictBoard
from vla_ros.teleop.verdicts.server import VerdictServer

VERDICTS = {verdict.value: verdict for verdict in (Verdict.SUCCESS, Verdict.FAILURE, Verdict.VOID)}


class Page:
    """Somebody who is asked on the page."""

    def __init__(self, episodes: TrialEpisodes, pictures: Pictures) -> None:
        self._episodes, self._pictures = episodes, pictures
        self.board = VerdictBoard()
        self._outlines: tuple[Outline, ...] = ()
        self._outlines_of = cache(lambda seed: outlines_of(episodes.scene(seed)))

    def ask(self, question: Question) -> None:
        """Show it."""
        if question.state == "begin" and self._episodes.simulated:
            self._pictures.forget()  # of another scene
        self._outlines = self._outlines_of(question.seed)
        self.board.show(dataclasses.asdict(question) | {"cameras": self._pictures.cameras})

    def answer(self) -> Answer | None:
        """Return the next answer; None: there is none yet."""
        given = self.board.take()
        if given is None:
            return None
        word, reason = given
        return Answer(verdict=VERDICTS[word], reason=reason) if word in VERDICTS else Answer(word)

    def say(self, text: str) -> None:
        """Tell something, here and in the terminal."""
        self.board.say(text)
        print(text, flush=True)

    def draw(self, camera: str, outlined: bool) -> bytes | None:
        """Return what a camera sees as JPEG, with the outlines where it is known how it looks; None: nothing."""
        picture = self._pictures.newest(camera) if camera in self._pictures.cameras else None
        if picture is None:
            return None
        color = picture.color
        if outlined and picture.intrinsics is not None and picture.T_base_camera is not None:
            color = draw_outlines(color, self._outlines, picture.intrinsics, picture.T_base_camera)
        return encode_jpeg(color)


@contextlib.contextmanager
def served(episodes: TrialEpisodes, domain: int, host: str, port: int) -> Iterator[Page]:
    """Serve the page, print its link, and end it. Raises ConfigError for an address or port that cannot be."""
    values = episodes.values["A"]
    robot = with_named_cameras(load_embodiment(str(values["robot"])), str(values["cameras"]))
    address = bind_address(host, "--host ")
    folder = user_folder("", "")
    tls = None if is_local(address) else tls_context(folder)
    token = pairing_token(folder, False, "trial_token")
    keys = observer_environment(values)
    pictures = Pictures(tuple(robot.cameras), domain, str(values["discovery"]), str(values["namespace"]), keys)
    try:
        page = Page(episodes, pictures)
        server = VerdictServer(page.board, page.draw, Listening(address, port, link_hosts(address), token, tls), _log)
        try:
            server.start()
            print(qr_text(server.links[0]), flush=True)
            for link in server.links:
                print(f"open {link}", flush=True)
            if tls is not None:
                print(f"the certificate's SHA-256 is {fingerprint(folder)}", flush=True)
            yield page
        finally:
            server.close()
    finally:
        pictures.close()


def _log(level: str, text: str) -> None:
    print(text if level == "info" else f"{level}: {text}", file=sys.stderr, flush=True)
