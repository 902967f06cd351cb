"""Training: whole visits in every way, of which nothing is stored, sent or signed."""

import time
from types import SimpleNamespace
from typing import get_args

import pytest
from msgspec.structs import replace

from kiosk import events as e
from kiosk import settings as kiosk_settings
from kiosk.bootstrap import Terminal
from kiosk.model import Clerk, Decision, Outcome, Role, Stage, Way, allowed_reasons
from kiosk.phrases import load
from kiosk.training import FRAME_S, SERIAL, TrainingSession
from tests.support.folder_contents import folder_contents

NUMBER = "7K2M-9QXD-04RT-V5BH"
CLERK, BOSS = "700124", "700125"


class Time:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Trainee:
    """Someone who works through the screens of the training, in simulated time."""

    def __init__(self, folder, way):
        settings = kiosk_settings.load()
        self.settings = replace(settings, storage=replace(settings.storage, folder=str(folder)))
        self.clock, self.printed, self.said, self.opened = Time(), [], [], []
        self.heard = []
        self.session = TrainingSession(
            self.settings,
            Clerk(CLERK, Role.CLERK),
            say=lambda prompt, language: self.said.append((prompt, language)),
            spoken_handlers=dict.fromkeys(get_args(e.Spoken), self.heard.append),
            chime=lambda: self.said.append(("chime", "")),
            print_slip=self.printed.append,
            open_devices=lambda: self.opened.append(True),
            close_devices=lambda: self.opened.append(False),
            clock=self.clock,
        )
        self.engine, self.way = self.session.engine, way
        self.finished, self.signed = [], 0
        self.stages = []
        self.engine.subscribe(self.see)

    def see(self, notice):
        post = self.engine.post
        if isinstance(notice, e.Show):
            self.stages.append(notice.stage)
        match notice:
            case e.Show(stage=Stage.CONSENT):
                text = load("zh-Hans")
                sha = text.clerk_consent_sha256() if self.way is Way.CLERK else text.consent_sha256()
                post(e.Agreed("zh-Hans", sha, picture=False))
            case e.Show(stage=Stage.PHONE):
                post(e.Typed(phone="19912345678", password="31415926"))
            case e.ShowDigit():
                post(e.DigitShown(notice.window, self.clock()))
            case e.ShowHeadMove(move=move) if move is not None:
                post(e.HeadMoveShown(notice.step, self.clock()))
            case e.ShowDigits():
                post(e.DigitsTyped(notice.digits))
            case e.AskSignature():
                self.signed += 1
                post(e.Signs(BOSS if notice.role is Role.SUPERVISOR else CLERK, "000000"))
            case e.ShowCase():
                post(e.Decided(Decision.APPROVE, allowed_reasons(Decision.APPROVE, notice.code)[0]))
            case e.Show(stage=Stage.OUTCOME):
                post(e.Dismissed())
            case e.Finished():
                self.finished.append(notice)

    def go_through(self):
        self.engine._notify_service()
        self.engine.post(e.Began(visit=NUMBER, language="zh-Hans", at_unix=1_700_000_000.0, way=self.way))
        for _ in range(2000):
            self.engine.process_pending()
            self.session._person.act()
            self.clock.now += FRAME_S
            if self.finished:
                return self
        raise AssertionError(self.stages)


@pytest.mark.parametrize("way", list(Way))
def test_a_whole_visit_in_every_way_leaves_nothing_behind(tmp_path, way):
    trainee = Trainee(tmp_path / "var", way).go_through()
    [finished] = trainee.finished
    assert finished.outcome is Outcome.ACTIVATED, (finished, trainee.stages)
    assert finished.credential == SERIAL
    assert (Stage.REVIEW in trainee.stages) is (way in (Way.TOUCH, Way.CLERK))
    assert folder_contents(tmp_path) == {}
    assert trainee.opened[-1] is False
    [slip] = trainee.printed
    assert slip.training
    assert not slip.look_up


def test_a_real_terminals_training_touches_neither_its_files_nor_its_visits(tmp_path):
    """The wiring: what `bootstrap` makes is a training, and the terminal itself does not notice it."""
    site = tmp_path / "settings.toml"
    drivers = "".join(
        f'{port} = {{ driver = "simulated" }}\n'
        for port in ("camera", "microphone", "speaker", "card_reader", "portrait_decoder")
    )
    site.write_text(
        f'mode = "simulation"\n{drivers}liveness = {{ driver = "none" }}\nvisit.liveness.required = false\n'
        '[central]\nurl = "https://localhost:1"\n[storage]\nfolder = "var"\n',
        encoding="utf-8",
    )
    terminal = Terminal(kiosk_settings.load(site), SimpleNamespace())
    before = folder_contents(tmp_path)
    session = terminal._make_training(Clerk(CLERK, Role.CLERK))
    session.start()
    session.engine.post(e.Began(visit=NUMBER, language="zh-Hans", at_unix=0.0))
    until = time.monotonic() + 10
    while not session.engine.serving and time.monotonic() < until:
        time.sleep(0.01)
    assert session.engine.serving
    assert not terminal.engine.serving
    session.stop()
    assert folder_contents(tmp_path) == before


def test_a_call_sounds_the_chime_and_a_page_is_read_aloud(tmp_path):
    trainee = Trainee(tmp_path, Way.VOICE)
    engine = trainee.engine
    engine._notify_service()
    engine.post(e.Began(visit=NUMBER, language="zh-Hans"))
    engine.post(e.HelpWanted())
    page = e.ReadAloud(("stage.card.title",), "zh-Hans")
    engine.post(page)
    engine.process_pending()
    assert ("chime", "") in trainee.said
    assert trainee.heard == [page]
