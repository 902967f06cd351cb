"""The catalogue is complete, short and plain in every language, and docs/codes.md is what it says."""

import re
from typing import get_args

import pytest
from pydantic import ValidationError

from central import settings as central_settings
from central.commands import SUMMARIES
from kiosk import production, settings
from kiosk.codes import Code
from kiosk.commands import available_commands
from kiosk.model import Check, Device, Language, Outcome, Purpose, ReviewReason, Stage, outcome_key
from kiosk.paths import RESOURCES
from kiosk.phrases import Phrases, Script, load
from kiosk.read_aloud import sentences
from kiosk.ui import codes_document

RETRIES = (
    Code.SPEECH_SILENCE,
    Code.SPEECH_TOO_QUIET,
    Code.SPEECH_CLIPPED,
    Code.SPEECH_NOISY,
    Code.SPEECH_TOO_EARLY,
    Code.SPEECH_TOO_LATE,
    Code.SPEECH_WRONG_DIGITS,
    Code.SPEECH_MISSING_DIGITS,
    Code.SPEECH_EXTRA,
    Code.SPEECH_SECOND_VOICE,
    Code.SPEECH_UNKNOWN,
    Code.LIPS_STILL,
    Code.LIPS_UNSEEN,
)
"""Reasons of a further try that are spoken; others have the plain prompt."""
PROMPTS = [
    "welcome",
    "more_time",
    "consent",
    "consent_clerk",
    "card",
    "card_retry",
    "phone",
    "phone_code",
    "portrait",
    "face",
    "face_retry",
    "digits",
    "digits.light",
    "digits_retry",
    *(f"digits_retry.{code.value.partition('.')[2]}" for code in RETRIES),
    "head",
    "head_retry",
    "touch",
    "review",
    *("help.called", "help.wave", "help.failed"),
    "submit",
    "activated",
    "pending",
    "accepted",
    "refused",
    "referred",
    "goodbye",
    "consent.guardian",
    "card.guardian",
    "submit.change",
    "activated.renewed",
    "activated.password_set",
    "activated.phone_set",
    "activated.ended",
    "activated.erased",
    "phone.number",
    "confirm.end",
    "confirm.erase",
    "accepted.change_accepted",
    "refused.change_refused",
    "refused.already_open",
    "hint_none",
    "hint_several",
    "hint_too_far",
    "hint_too_near",
    "hint_cut",
    "hint_off_centre",
    "hint_turned",
    "hint_tilted",
    "hint_blurred",
    "hint_too_dark",
    "hint_too_bright",
    "hint_backlit",
    "hint_eyes_closed",
    "hint_covered",
    "hint_left",
    "hint_changed",
]
HINTS = [code for code in Code if code.value.startswith("face.")][:13]  # up to the verdicts
CHINESE = [language for language in Language if language is not Language.EN]
TERMS = ("TODO", "XXX", "…", "{", "}", "<", ">", "%s")

# Characters whose simplified form must not stand in the traditional catalogue, and the other way round.
SIMPLIFIED_ONLY = set("证请为这读说话数码机关脸镜头认识声无处设终时间网络办续开张见对") - set("机")
TRADITIONAL_ONLY = set("證請為這讀說話數碼機關臉鏡頭認識聲無處設終時間網絡辦續開張見對") - set("机")


def leaves(table, path=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        elif isinstance(value, list):
            yield from ((f"{path}{key}.{i}", text) for i, text in enumerate(value))
        else:
            yield f"{path}{key}", value


@pytest.fixture(params=list(Language))
def phrases(request) -> Phrases:
    return load(request.param)


def test_every_code_has_both_sentences_and_no_other(phrases):
    known = set(phrases._table["code"])
    assert known == {code.value for code in Code} - {"ok"}
    for code in Code:
        assert bool(phrases.customer(code)) == (code is not Code.OK)
        assert bool(phrases.clerk(code)) == (code is not Code.OK)


COMMAND = re.compile(
    rf"\b(kiosk|central) ({'|'.join([*available_commands(), *SUMMARIES])})\b|\b(docs/|QT_|python|sudo)"
)
"""What only somebody who can open a shell can do."""


def test_no_sentence_on_the_screen_names_a_command(phrases):
    named = {key for key, text in leaves(phrases._table) if COMMAND.search(text)}
    assert {key for key in named if not key.endswith(".engineer")} == set()
    engineers = {key for key, _ in leaves(phrases._table) if key.endswith(".engineer")}
    assert engineers == named, "only a command needs another reader than the clerk"


def test_commands_are_told_to_who_can_run_them(phrases):
    assert "kiosk enrol" in phrases.engineer(Code.IDENTITY_MISSING)
    assert phrases.engineer(Code.DISK_LOW) == phrases.clerk(Code.DISK_LOW)
    assert phrases.engineer(Code.IDENTITY_MISSING) in codes_document.document() or phrases.script == "Hant"


def test_languages_have_the_same_keys():
    lists = ("digits.words", "language.voices")  # as many as a language has

    def keys(language):
        return {key for key, _ in leaves(load(language)._table) if not key.startswith(lists)}

    first, *others = (keys(language) for language in Language)
    assert all(other == first for other in others)


def test_each_catalogue_has_a_head_and_each_language_a_catalogue():
    assert {path.stem for path in (RESOURCES / "phrases").glob("*.toml")} == set(Language)
    names = [load(language)["language.name"] for language in Language]
    assert len(set(names)) == len(Language)
    for language in Language:
        assert load(language).script in get_args(Script)
        assert load(load(language).spoken).spoken == load(language).spoken


def test_nothing_is_empty_or_a_placeholder(phrases):
    for key, text in leaves(phrases._table):
        assert key == "general.tries.0" or text.strip(), key
        assert text == text.strip(), key
        for name in (*settings.load().operator.names, "days"):
            text = text.replace(
                f"{{{name}}}", ""
            )  # filled in with the operator's names, and the days of a record
        assert not any(term in text for term in TERMS), key


@pytest.mark.parametrize("language", CHINESE)
def test_chinese_customers_read_at_most_forty_characters(language):
    for code in Code:
        assert len(load(language).customer(code)) <= 40, code


def test_english_sentences_are_short():
    for code in Code:
        assert len(load(Language.EN).customer(code)) <= 90, code


def test_every_hint_is_one_short_line():
    for code in Code:
        if code in HINTS:
            assert len(load(Language.ZH_HANS).customer(code)) <= 12


@pytest.mark.parametrize(
    ("language", "foreign"), [("zh-Hant", SIMPLIFIED_ONLY), ("zh-Hans", TRADITIONAL_ONLY)]
)
def test_scripts_are_not_mixed(language, foreign):
    other = SIMPLIFIED_ONLY & TRADITIONAL_ONLY
    for key, text in leaves(load(language)._table):
        assert not set(text) & (foreign - other), (key, set(text) & foreign)


@pytest.mark.parametrize("language", CHINESE)
def test_chinese_sentences_use_chinese_punctuation(language):
    for key, text in leaves(load(language)._table):
        assert not re.search(r"[一-鿿][,.;:?!]", text), key


def test_stages_outcomes_devices_and_prompts_are_all_there(phrases):
    for stage in Stage:
        assert all(phrases[f"stage.{stage.value}.{part}"] for part in ("title", "body"))
    for outcome in Outcome:
        assert all(phrases[f"outcome.{outcome.value}.{part}"] for part in ("title", "body", "next"))
    names = {outcome_key(outcome, purpose) for outcome in Outcome for purpose in Purpose} | {"already_open"}
    assert set(phrases._table["outcome"]) == names
    assert all(phrases[f"outcome.{name}.{part}"] for name in names for part in ("title", "body", "next"))
    assert all(phrases[f"device.{device.value}"] for device in Device)
    assert set(phrases._table["prompt"]) == set(PROMPTS)


def test_consent_tells_what_the_law_asks_for():
    text = load(Language.ZH_HANS).consent_text()
    for needed in (
        "谁来处理",
        "电话",
        "为了什么",
        "怎么处理",
        "保存多久",
        "影响",
        "权利",
        "撤回",
        "其他办理方式",
    ):
        assert needed in text


RETENTIONS = ("consent.retention", "consent.clerk_retention", "consent.guardian_retention")


@pytest.mark.parametrize("key", RETENTIONS)
def test_consent_tells_the_terms_of_the_terminal_and_of_central(phrases, key):
    """In the order told: the terminal's record, the record of the check, what belongs to the credential."""
    central = central_settings.Retention()
    terms = [settings.load().retention.longest_days, central.evidence_days, central.ended_days]
    assert [float(days) for days in re.findall(r"\d+", phrases[key])] == terms


def test_the_consent_to_other_matters_tells_its_terms(phrases):
    central = central_settings.Retention()
    terms = [
        settings.load().retention.longest_days,
        central.evidence_days,
        central.ended_days,
        central.endings_days,
    ]
    assert [float(days) for days in re.findall(r"\d+", phrases["consent.matter_retention"])] == terms


def test_no_setting_keeps_anything_longer_than_the_consent_promises(phrases):
    terminal, check, ended = (float(days) for days in re.findall(r"\d+", phrases["consent.retention"]))
    kept = [days for key, days in production.MOST.items() if key.startswith("retention.")]
    assert max(kept) == terminal
    of_endings = float(re.findall(r"\d+", phrases["consent.matter_retention"])[-1])
    for key, days in (("evidence_days", check), ("ended_days", ended), ("endings_days", of_endings)):
        with pytest.raises(ValidationError):
            central_settings.Retention(**{key: days + 1})


def test_the_slip_tells_centrals_terms(phrases):
    central = central_settings.Retention()
    days = [float(days) for days in re.findall(r"\d+", phrases["slip.kept"])]
    assert days == [central.evidence_days, central.ended_days]


def test_what_waits_in_the_outbox_is_told(phrases):
    """What was not delivered is stored here, with the picture: nothing may say that all is erased."""
    for key, word in (
        ("consent.picture_retention", ("本机", "本機", "here")),
        ("consent.retention", ("照片", "相片", "picture")),
        ("slip.sealed_picture", ("照片", "相片", "picture")),
    ):
        assert any(one in phrases[key] for one in word), key
    assert not re.search("不留存|不保存照片|no picture is (kept|stored)", phrases.consent_text())


def test_the_hash_is_that_of_the_text_before_the_names_are_filled_in(phrases):
    names = settings.load().operator.names
    filled = "\n".join(phrases.fill_in(phrases.face_notice(), {**names, "operator": "{contact}"}))
    assert "{" in phrases.consent_text()
    assert "{operator}" not in filled


def test_consent_hash_names_the_text():
    hashes = {load(language).consent_sha256() for language in Language}
    assert len(hashes) == len(Language)
    changed = Phrases(
        Language.EN,
        {**load(Language.EN)._table, "consent": {**load(Language.EN)._table["consent"], "who": "You"}},
    )
    assert changed.consent_sha256() not in hashes


def test_tries_left_says_nothing_where_there_is_nothing_to_say(phrases):
    assert phrases.tries_left(0) == phrases.tries_left(9) == ""
    assert phrases.tries_left(1)


def test_unknown_language_gets_the_first():
    assert load("fr").language == "zh-Hans"


def test_a_missing_phrase_is_our_bug():
    with pytest.raises(KeyError):
        load(Language.EN)["stage.nowhere.title"]


def test_a_code_without_a_sentence_still_sends_people_to_the_clerk():
    phrases = Phrases(
        "en", {"code": {"internal.error": {"customer": "Please ask the clerk.", "clerk": "Look."}}}
    )
    assert phrases.customer(Code.CARD_MOVED) == "Please ask the clerk."


def test_the_document_of_codes_is_current():
    assert codes_document.PATH.read_text(encoding="utf-8") == codes_document.document(), (
        "run python -m kiosk.ui.codes_document"
    )


def test_a_clerk_is_told_of_every_check_every_band_and_every_reason(phrases):
    """A review that met a check without a name would show the clerk nothing at all."""
    assert set(phrases._table["check"]) == {check.value for check in Check}
    assert set(phrases._table["band"]) == {
        "passed",
        "just_below",
        "below",
        "unmeasured",
        "guardian",
        "irregular",
    }
    assert set(phrases._table["reason"]) == {reason.value for reason in ReviewReason}


@pytest.mark.parametrize(
    ("language", "other_ways", "acts"),
    [
        (Language.ZH_HANS, "其他办理方式", "店员操作"),
        (Language.ZH_HANT, "其他辦理方式", "店員操作"),
        (Language.EN, "Other options", "Staff actions"),
    ],
)
def test_staff_read_the_same_words_as_customers(language, other_ways, acts):
    phrases = load(language)
    assert phrases["staff.other_ways"] == phrases["button.other_way"] == other_ways
    assert phrases["staff.acts"] == acts


SLIP = {Language.ZH_HANS: "凭条", Language.ZH_HANT: "憑條", Language.EN: "slip"}


@pytest.mark.parametrize("language", Language)
def test_no_screen_prompt_or_clip_for_customers_names_the_slip(language):
    """There may be no printer, or it may have failed: only clerks, and the slip itself, speak of it."""
    phrases = load(language)
    word = re.compile(rf"(?i)\b{SLIP[language]}" if phrases.script == "Latn" else SLIP[language])
    assert word.search(phrases["staff.find_title"]), "the word that is looked for"
    said = sentences(phrases.table) | dict(phrases.table["prompt"])
    said |= {code: phrases.customer(code) + phrases.customer_end(code) for code in Code}
    said |= dict(leaves({key: phrases.table[key] for key in ("general", "time", "help", "review")}))
    assert {key: text for key, text in said.items() if word.search(text)} == {}
