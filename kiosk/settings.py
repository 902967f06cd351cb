"""Frozen settings, read once: one TOML file over `resources/settings/default.toml`.

Sections bear the rooms' names; units live in the names of keys. Unknown keys are refused. A section with
`driver = "…"` belongs to that driver: its other keys are checked by the driver's own `Settings` type
(`driver_settings`). Relative paths are relative to the site file's folder.
"""

import tomllib
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from math import ceil, isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from kiosk.codes import Code
from kiosk.errors import UNREADABLE, SettingsError
from kiosk.model import Language, Way
from kiosk.paths import RESOURCES

DEFAULT = RESOURCES / "settings" / "default.toml"

S = TypeVar("S")

Likeness = Annotated[float, Meta(gt=0, le=1)]
"""A threshold that lets everybody pass is no threshold."""
AtLeastOne = Annotated[int, Meta(ge=1)]


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the settings file."""


class DriverChoice(Struct, frozen=True):
    """A driver's name and its own keys, still unchecked."""

    driver: str
    options: dict[str, Any]


class Terminal(Section, frozen=True):
    id: str  # as enrolled at central
    place: str  # what the slip says
    identity: str  # folder of the key pair and what enrolment brought


class Storage(Section, frozen=True):
    folder: str  # outbox, logs, records
    min_free_mb: int  # below this no visit begins


Days = Annotated[float, Meta(gt=0, le=3650)]


class Retention(Section, frozen=True):
    """So long each kind of data is kept; a job erases what is older and writes down that it did.

    What was not delivered has no term: it stays until central has it. See `kiosk.privacy`.
    """

    receipts_days: Days  # central's answers: a number, a word, no name
    visits_days: Days  # the course of each visit in measures and codes
    daybook_days: Days  # the day's books of the staff panel
    slips_days: Days  # slips that the printer driver "file" keeps in a folder
    set_aside_days: Days  # damaged audit logs that service staff set aside

    @property
    def longest_days(self) -> int:
        """Of what speaks of one visit: the slip promises it."""
        return ceil(max(self.receipts_days, self.visits_days, self.daybook_days, self.slips_days))


class Models(Section, frozen=True):
    folder: str  # where `kiosk models install` puts weights


class Screen(Section, frozen=True):
    language: Language
    full_screen: bool
    width_px: int  # 0: the screen's own
    height_px: int
    staff_window: bool  # staff's panel in a window of its own, for a second screen behind the counter
    clerk_call: str  # what "call the clerk" says: a name, a bell, a phone number


class FaceSettings(Section, frozen=True):
    """How frames become `FaceSeen`; sizes in fractions of the picture, angles in degrees."""

    max_fps: float
    min_width: float
    max_width: float
    max_off_centre: float
    max_yaw: float
    max_pitch: float
    max_roll: float
    min_sharpness: float
    min_brightness: float
    max_brightness: float
    min_eyes: float  # height of the eye's darkness above its corners, see `kiosk.face.eyes`
    min_mouth_detail: float  # edges about the mouth against those about the eyes; a mask has none
    max_exposure_step: Annotated[
        float, Meta(gt=0)
    ]  # share by which the light of two looked-at frames may differ
    best_frames: AtLeastOne  # the mean embedding is over this many best frames
    same_face: Likeness  # cosine between successive faces, below: another person
    max_gap_s: Annotated[float, Meta(gt=0, le=5)]  # a face may be missing so long without breaking the track
    card_min_px: float  # a photographed card: its width in pixels, so that the printed face can be embedded
    card_min_sharpness: float
    card_max_glare: Annotated[float, Meta(ge=0, lt=1)]  # share of the printed face that may be pure white
    card_frames: AtLeastOne  # frames that must show the same printed face
    picture_px: int  # longest side of the one picture that may be sent, sealed
    picture_quality: int  # its JPEG quality


class SpeechSettings(Section, frozen=True):
    """How sound becomes `DigitHeard`; levels in dBFS, times in seconds."""

    threshold_db: float  # above the noise floor a voice begins
    min_voice_s: float
    max_voice_s: float
    end_silence_s: float  # so long silence ends a digit
    pad_s: float  # sound kept before the onset
    min_level_dbfs: float  # quieter is not taken as a voice
    volume: Annotated[float, Meta(ge=0, le=1)]  # of spoken prompts
    speed: Annotated[float, Meta(ge=0.7, le=1.3)]  # of spoken prompts; 1: as they were recorded


class VisitSettings(Section, frozen=True):
    """Limits of the stages and thresholds of the rules; see `visit.rules.verdicts` for what each means."""

    consent_s: float
    card_s: float
    card_tries: int
    phone_s: float
    face_s: float
    face_tries: int
    digits_tries: int
    digits_s: float  # challenge and prompt must have come by then
    digit_first_s: float  # pause between the prompt and the first digit
    digit_wait_s: (
        float  # beyond its gap a digit waits so long for its voice, and goes as soon as it was heard
    )
    digit_last_s: float  # how long the last digit waits for its voice
    silent_digits: int  # so many silent digits at the start end the try: nobody waits for six
    gap_factor: float  # stretches the gaps between digits …
    gap_factor_unhurried: float  # … and this one in the unhurried mode
    review_s: float
    submit_s: float  # patience with central before "accepted, will be delivered"
    outcome_s: float
    min_age: int  # completed years; younger people need a guardian beside them, whom a clerk attests
    min_age_guarded: int  # … and for still younger ones a guardian applies ([review] may_overrule card.child)
    accept: Likeness  # likeness to the portrait: accept at or above
    accept_photographed: Likeness  # the same for a photographed portrait: always to a clerk
    portrait_s: float  # to photograph the card
    portrait_tries: int
    review: Likeness  # between review and accept: a clerk decides; below: refuse
    min_frames: AtLeastOne  # good frames before a likeness counts
    decide_frames: AtLeastOne  # good frames after which a likeness below `accept` is believed
    require_liveness: bool
    min_live: Likeness
    digits_guess: Annotated[float, Meta(ge=1e-9, le=2e-3)]  # a guessed challenge passes at most so often …
    digits_slip: Annotated[
        float, Meta(gt=0, le=0.2)
    ]  # a digit is said or heard wrong so often (kiosk.visit.rules.likelihood_ratio)
    min_snr_db: float
    min_level_dbfs: float
    max_clipped: float
    faint_dbfs: float  # voices below it: the clerk is told that the microphone is set too low
    early_s: float  # a voice may begin so long before its digit is painted, and still count (clock slack)
    late_s: float  # … and at the latest so long after the next digit was painted
    lips_right: int  # digits whose mouth opening must go with the voice; 0: evidence only
    lips_rise: float  # how much the opening must grow over its rest
    lips_chance: Annotated[float, Meta(ge=0, le=1)]  # moved times that may fit as well; 1: evidence only
    lips_before_s: float
    lips_after_s: float
    light: Literal["required", "evidence", "off"]  # how much the light challenge counts
    light_hold_s: Annotated[float, Meta(ge=1 / 3, le=3)]  # each colour; at most three changes a second
    light_gain: Annotated[float, Meta(gt=0)]  # least answer, in the shop's light on a face
    light_fit: Likeness  # least correlation with what was shown
    light_steps: Annotated[int, Meta(ge=4)]  # so many changes must have been seen
    max_face_gap_s: Annotated[float, Meta(gt=0, le=5)]  # from the match to the last digit
    stream_refuses: tuple[Code, ...]  # findings about the camera's stream that refuse; others are evidence
    max_repeats: Annotated[int, Meta(ge=0)]  # exact pictures of the past
    min_noise: float  # temporal, in grey levels
    max_still_s: float  # nothing in the whole picture moved
    max_stream_fps: float
    min_jitter_ms: float
    ways: Annotated[tuple[Way, ...], Meta(min_length=1)]  # what is offered on the first screen
    head_tries: int
    head_s: float  # challenge and prompt must have come by then
    head_steps: Annotated[int, Meta(ge=4, le=6)]  # movements of a challenge, all must be right
    head_window_s: float  # a movement must be made so long after its arrow was painted …
    head_early_s: float  # … and not before that: nobody reacts faster
    head_turn_deg: Annotated[float, Meta(ge=5, le=40)]  # left and right, from the pose at rest
    head_nod_deg: Annotated[float, Meta(ge=4, le=30)]  # up and down
    head_rest_deg: Annotated[float, Meta(gt=0, le=20)]  # closer to the pose at rest is at rest again
    touch_tries: int
    touch_s: float  # to type the digits


class ReviewSettings(Section, frozen=True):
    """What a clerk may decide on the spot. Whatever is not named here cannot be overruled."""

    may_overrule: tuple[Code, ...] = ()
    second_signature: tuple[Code, ...] = ()  # of those: a supervisor must sign too
    help: bool = False  # "call the clerk" leads to a review, where somebody is signed in
    most: Annotated[int, Meta(ge=1, le=5)] = 3  # reviews of one visit


class StaffSettings(Section, frozen=True):
    """Clerks and supervisors; see `kiosk.staff`."""

    offline_days: Annotated[
        float, Meta(gt=0, le=30)
    ]  # a roster that central has not confirmed for longer ends
    pin_tries: Annotated[int, Meta(ge=1, le=10)]  # failures in a row that lock a number …
    lock_s: Annotated[float, Meta(ge=60)]  # … so long at first, then twice as long, a day at most
    idle_warning_s: Annotated[float, Meta(gt=0)]  # without a touch: warn …
    idle_s: Annotated[float, Meta(gt=0, le=900)]  # … and close the panel
    stick: str  # the folder where a USB stick is mounted
    stick_supervisor: bool = False  # only a supervisor exports to the stick and imports from it
    shift_h: Annotated[float, Meta(gt=0, le=16)] = 12.0  # a sign-in ends after so long


class CentralSettings(Section, frozen=True):
    url: str
    public_url: str  # where customers' phones reach central; empty: `url`
    ca: str  # PEM that central's certificate must chain to
    connect_s: float
    answer_s: float
    pool_target: int  # challenges kept ahead
    pool_refill: int  # fetch when fewer are left
    backoff_first_s: float
    backoff_max_s: float
    backoff_jitter: float  # share of the delay that is random
    probe_s: float  # while the line is down: look so often whether it is back
    contact_s: float  # a sign of life at least so often: a revoked terminal learns of it within this time
    sealing: Literal["HPKE-X25519-SHA256-AES256GCM", "SM2-SM4GCM"]  # the suite we ask central for

    @property
    def look_up(self) -> str:
        """Address of the page that tells customers about a visit, up to its number; empty: none is set."""
        base = self.public_url or self.url
        return f"{base.rstrip('/')}/look-up/" if base else ""


class Gates(Section, frozen=True):
    """When no new visit begins, though everything works; see docs/decisions/0008."""

    waiting: AtLeastOne  # so many requests wait for central …
    waiting_h: Annotated[float, Meta(gt=0)]  # … or one of them for so long
    silent_h: Annotated[float, Meta(gt=0)]  # nothing was heard from central for so long
    software_days: AtLeastOne  # the program was released so long ago


class Settings(Section, frozen=True):
    """The whole file."""

    mode: Literal["production", "simulation"]
    terminal: Terminal
    storage: Storage
    retention: Retention
    models: Models
    screen: Screen
    face: FaceSettings
    speech: SpeechSettings
    visit: VisitSettings
    staff: StaffSettings
    review: ReviewSettings
    central: CentralSettings
    gates: Gates
    camera: DriverChoice
    microphone: DriverChoice
    speaker: DriverChoice
    card_reader: DriverChoice
    portrait_decoder: DriverChoice
    face_engine: DriverChoice
    face_landmarks: DriverChoice
    liveness: DriverChoice
    recogniser: DriverChoice
    printer: DriverChoice
    terminal_key: DriverChoice
    file: str = ""  # the site's file; set by `load`

    def path(self, value: str) -> Path:
        """A path of this file, made absolute; without a site's file the working folder is the base."""
        return (Path(self.file).parent / Path(value).expanduser()).absolute()


def load(site: Path | None = None) -> Settings:
    """Read the defaults and the site's file over them. Raises SettingsError naming file and key."""
    tables = _read(DEFAULT)
    if site is not None:
        tables = merge(tables, _read(site))
    name = str(site or DEFAULT)
    _refuse_endless(tables, name)
    for key, value in tables.items():
        if isinstance(value, dict) and "driver" in value:
            options = {k: v for k, v in value.items() if k != "driver"}
            tables[key] = {"driver": value["driver"], "options": options}
    if "file" in tables:
        raise SettingsError(Code.SETTINGS_UNKNOWN_KEY, f"{name}: unknown key 'file'")
    tables["file"] = str(site.absolute()) if site else ""
    return _convert(tables, Settings, name, "")


def merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Tables merge key by key; another driver takes the whole section."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            if value.get("driver", old.get("driver")) != old.get("driver"):
                merged[key] = value
            else:
                merged[key] = merge(old, value)
        else:
            merged[key] = value
    return merged


def driver_class(port: str, choice: DriverChoice, file: str = "") -> Any:
    """The class that an entry point of group `kiosk.<port>` names. Raises SettingsError naming `file`."""
    drivers: EntryPoints = _plugins().select(group=f"kiosk.{port}")
    found = drivers.select(name=choice.driver)
    if not found:
        known = ", ".join(sorted(drivers.names))
        detail = f"{file or DEFAULT}: [{port}] driver = {choice.driver!r}; known: {known}"
        raise SettingsError(Code.SETTINGS_UNKNOWN_DRIVER, detail)
    return next(iter(found)).load()


@cache
def _plugins() -> Any:
    """Read once: going through all installed packages takes ten milliseconds, and a start asks twenty times.

    `Any`: a SelectableGroups before Python 3.12, EntryPoints since; both have `select`.
    """
    return entry_points()


def driver_settings(port: str, choice: DriverChoice, kind: type[S], file: str = "") -> S:
    """The driver's own keys, checked by its own type. Raises SettingsError naming `file` and key."""
    return _convert(choice.options, kind, file or str(DEFAULT), f"[{port}] driver {choice.driver}: ")


def _refuse_endless(tables: dict[str, Any], name: str, where: str = "") -> None:
    """TOML knows nan and inf; a comparison with either would switch a check off."""
    for key, value in tables.items():
        if isinstance(value, dict):
            _refuse_endless(value, name, f"{where}{key}.")
        elif isinstance(value, float) and not isfinite(value):
            raise SettingsError(Code.SETTINGS_BAD_VALUE, f"{name}: {where}{key} must be a finite number")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(Code.SETTINGS_UNREADABLE, f"{path}: {error.strerror}") from None
    except UNREADABLE as error:
        raise SettingsError(Code.SETTINGS_UNREADABLE, f"{path}: {error}") from None


def _convert(tables: dict[str, Any], kind: type[S], name: str, where: str) -> S:
    try:
        return msgspec.convert(tables, kind)
    except msgspec.ValidationError as error:
        text = str(error)
        unknown = "unknown field" in text
        code = Code.SETTINGS_UNKNOWN_KEY if unknown else Code.SETTINGS_BAD_VALUE
        raise SettingsError(code, f"{name}: {where}{text}") from None
