"""Frozen settings, read once: one TOML file over `resources/settings/default.toml`.

Sections are named after packages and ports; units live in the names of keys. Unknown keys are refused. A
section with `driver = "…"` belongs to that driver: its other keys are checked by the driver's own `Settings`
type (`driver_settings`). Keys of earlier releases are accepted under their old names (`RENAMED`). Relative
paths are relative to the site file's folder.
"""

import logging
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from math import ceil, isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

from kiosk.allowed_values import allowed_values
from kiosk.codes import Code
from kiosk.errors import UNREADABLE, SettingsError
from kiosk.model import FaceThresholds, Language, Way
from kiosk.paths import RESOURCES
from kiosk.text_files import read_text

log = logging.getLogger(__name__)

DEFAULT = RESOURCES / "settings" / "default.toml"

S = TypeVar("S")

Likeness = Annotated[float, Meta(gt=0, le=1)]
"""0 would let everybody pass."""
AtLeastOne = Annotated[int, Meta(ge=1)]


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the settings file."""


class DriverChoice(Struct, frozen=True):
    """A driver's name and its own keys, still unchecked."""

    driver: str
    options: dict[str, Any]


class ThresholdOverrides(Section, frozen=True, kw_only=True):
    """[face_engine.limits]: what replaces the thresholds that the face engine was measured with."""

    accept: Likeness | None = None
    accept_photographed: Likeness | None = None
    review: Likeness | None = None
    same_face: Likeness | None = None


class FaceEngineChoice(DriverChoice, frozen=True):
    """The face engine, and thresholds of the site's own."""

    limits: ThresholdOverrides = ThresholdOverrides()


class Terminal(Section, frozen=True):
    id: str  # as enrolled at central
    place: str  # what the slip says
    identity: str  # folder of the key pair and what enrolment brought


ShortText = Annotated[str, Meta(max_length=80)]


class Operator(Section, frozen=True, kw_only=True):
    """[operator]: who runs this acceptance point; stands in the consent, on the sign and on the slip."""

    name: ShortText  # as it is registered
    contact: ShortText  # a phone number
    privacy_contact: ShortText  # for questions about personal data; empty: `contact`
    hours: ShortText  # opening hours, on the sign; empty: not said

    @property
    def names(self) -> Mapping[str, str]:
        """What stands in the places `{operator}`, `{contact}` and `{privacy_contact}` of a text."""
        privacy_contact = self.privacy_contact or self.contact
        return {"operator": self.name, "contact": self.contact, "privacy_contact": privacy_contact}


class Storage(Section, frozen=True):
    folder: str  # outbox, logs, records
    min_free_mb: int  # below this no visit begins


Days = Annotated[float, Meta(gt=0, le=3650)]


class Retention(Section, frozen=True, kw_only=True):
    """[retention]: how long each kind of data is kept; a job erases what is older and records that it did.

    What was not delivered has no term: it stays until central has it. See `kiosk.privacy`.
    """

    receipts_days: Days  # central's answers: number and status, no name
    visits_days: Days  # the events of each visit, without what was measured of the person
    # Whole logs that can be replayed, for finding a fault; 0: none are written.
    measures_days: Annotated[float, Meta(ge=0, le=3650)]
    daybook_days: Days  # the day's books of the staff panel
    slips_days: Days  # slips that the printer driver "file" keeps in a folder
    set_aside_days: Days  # damaged audit logs that service staff set aside

    @property
    def longest_days(self) -> int:
        """Longest term of anything about a single visit: the slip promises it."""
        return ceil(max(self.receipts_days, self.visits_days, self.daybook_days, self.slips_days))


class Models(Section, frozen=True):
    folder: str  # where `kiosk models install` puts weights


class Screen(Section, frozen=True, kw_only=True):
    language: Language
    full_screen: bool
    width_px: int  # 0: the screen's own
    height_px: int
    staff_window: bool  # staff's panel in a window of its own, for a second screen behind the counter
    clerk_call: str  # how the clerk is reached here, said to who calls them: a bell, a phone number


class FaceSettings(Section, frozen=True, kw_only=True):
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
    best_frames: AtLeastOne  # the mean embedding is over this many good frames, those that differ most
    max_gap_s: Annotated[float, Meta(gt=0, le=5)]  # a face may be missing this long without a new track
    card_min_px: float  # a photographed card: its width in pixels, so that the printed face can be embedded
    card_min_sharpness: float
    card_max_glare: Annotated[float, Meta(ge=0, lt=1)]  # share of the printed face that may be pure white
    card_frames: AtLeastOne  # frames that must show the same printed face
    picture_px: int  # longest side of the one picture that may be sent, sealed
    picture_quality: int  # its JPEG quality


class SpeechSettings(Section, frozen=True, kw_only=True):
    """How sound becomes `DigitHeard`; levels in dBFS, times in seconds."""

    threshold_db: float  # above the noise floor a voice begins
    min_voice_s: float
    max_voice_s: float
    end_silence_s: float  # silence of this length ends a digit
    pad_s: float  # sound kept before the onset
    min_level_dbfs: float  # quieter is not taken as a voice
    volume: Annotated[float, Meta(ge=0, le=1)]  # of spoken prompts
    speed: Annotated[float, Meta(ge=0.7, le=1.3)]  # of spoken prompts; 1: as they were recorded
    unhurried_speed: Annotated[float, Meta(ge=0.7, le=1.3)]  # in the unhurried mode
    operator_clips: str  # folder with <language>.ogg that says the operator's name and contact; empty: none


class CardLimits(Section, frozen=True, kw_only=True):
    """[visit.card]: the stage CARD and the rules about a card."""

    limit_s: float
    tries: int
    min_age: int  # completed years; younger people need a guardian beside them, whom a clerk attests
    min_age_guarded: int  # … and for still younger ones a guardian applies ([review] may_overrule card.child)


class PortraitLimits(Section, frozen=True, kw_only=True):
    """[visit.portrait]: the stage PORTRAIT, in which the printed card is photographed."""

    limit_s: float
    tries: int


class FaceLimits(Section, frozen=True, kw_only=True):
    """[visit.face]: the stage FACE; the likenesses that decide are the face engine's (`FaceThresholds`)."""

    limit_s: float
    tries: int
    min_frames: AtLeastOne  # good frames before a likeness counts
    decide_frames: AtLeastOne  # good frames after which a likeness below `accept` is believed
    max_gap_s: Annotated[
        float, Meta(gt=0, le=5)
    ]  # without the matched face, from the match to the last digit


class LivenessLimits(Section, frozen=True, kw_only=True):
    """[visit.liveness]: passive presentation-attack detection."""

    required: bool
    min_live: Likeness


class DigitLimits(Section, frozen=True, kw_only=True):
    """[visit.digits]: the stage DIGITS, and how many of the digits must be right (`likelihood_ratio`)."""

    limit_s: float  # challenge and prompt must have come by then
    tries: int
    first_s: float  # pause between the prompt and the first digit
    wait_s: float  # how long beyond its gap a digit waits for its voice; it goes as soon as it was heard
    last_s: float  # how long the last digit waits for its voice
    max_silent: int  # this many silent digits at the start end the try: nobody waits for six
    guess: Annotated[float, Meta(ge=1e-9, le=2e-3)]  # highest chance that a guessed challenge passes
    slip: Annotated[float, Meta(gt=0, le=0.2)]  # chance that a digit is said or heard wrong
    early_s: float  # a voice may begin this long before its digit is painted, and still count (clock slack)
    late_s: float  # … and at the latest this long after the next digit was painted


class PaceLimits(Section, frozen=True, kw_only=True):
    """[visit.pace]: what stretches the gaps between the digits, and the times of the head movements."""

    factor: float
    unhurried_factor: float  # in the unhurried mode
    unhurried_limits_factor: Annotated[float, Meta(ge=1)]  # … and of limits, last screen and hints


class SoundLimits(Section, frozen=True, kw_only=True):
    """[visit.sound]: when a digit that was not understood is put down to the sound."""

    min_snr_db: float
    min_level_dbfs: float
    max_clipped: float  # share of samples at full scale
    faint_dbfs: float  # voices below it: the clerk gets a message that the microphone gain is too low


class LipLimits(Section, frozen=True, kw_only=True):
    """[visit.lips]: whether the mouth opens with the voice."""

    min_moved: int  # digits whose mouth opening must go with the voice; 0: evidence only
    min_rise: float  # how much the opening must grow over its rest
    max_chance: Annotated[float, Meta(ge=0, le=1)]  # share of shifted times that may fit; 1: evidence only
    before_s: float
    after_s: float


class LightLimits(Section, frozen=True, kw_only=True):
    """[visit.light]: the light challenge."""

    mode: Literal["required", "evidence", "off"]  # how much it counts
    hold_s: Annotated[float, Meta(ge=1 / 3, le=3)]  # each colour; at most three changes a second
    min_gain: Annotated[float, Meta(gt=0)]  # least answer, in the shop's light on a face
    min_fit: Likeness  # least correlation with what was shown
    min_steps: Annotated[int, Meta(ge=4)]  # this many changes must have been seen


class StreamLimits(Section, frozen=True, kw_only=True):
    """[visit.stream]: whether the camera's stream comes from a sensor."""

    refuses: tuple[Code, ...]  # findings that refuse; others are evidence
    max_repeats: Annotated[int, Meta(ge=0)]  # exact pictures of the past
    min_noise: float  # temporal, in grey levels
    max_still_s: float  # nothing in the whole picture moved
    max_fps: float
    min_jitter_ms: float


class HeadLimits(Section, frozen=True, kw_only=True):
    """[visit.head]: the stage HEAD, in which the head follows arrows."""

    limit_s: float  # challenge and prompt must have come by then
    tries: int
    steps: Annotated[int, Meta(ge=4, le=6)]  # movements of a challenge, all must be right
    window_s: float  # a movement must be made this long after its arrow was painted …
    early_s: float  # … and not before that: nobody reacts faster
    turn_deg: Annotated[float, Meta(ge=5, le=40)]  # left and right, from the pose at rest
    nod_deg: Annotated[float, Meta(ge=4, le=30)]  # up and down
    rest_deg: Annotated[float, Meta(gt=0, le=20)]  # closer to the pose at rest is at rest again


class TouchLimits(Section, frozen=True, kw_only=True):
    """[visit.touch]: the stage TOUCH, in which the digits are typed."""

    limit_s: float
    tries: int


class TimeLimits(Section, frozen=True, kw_only=True):
    """[visit.time]: how people get more time on a screen."""

    ask_s: Annotated[float, Meta(gt=0)]  # so long before the end they are asked whether they need more
    chinese_per_minute: Annotated[float, Meta(gt=0)]  # characters that a slow reader reads of a consent text
    latin_per_minute: Annotated[float, Meta(gt=0)]
    decide_s: Annotated[float, Meta(ge=0)]  # … and to decide after it
    most_factor: Annotated[
        float, Meta(ge=1)
    ]  # however often it is touched, a screen stays at most so much longer


class PhoneCodeLimits(Section, frozen=True, kw_only=True):
    """[visit.phone_code]: the stage PHONE_CODE, in which a one-time code proves the mobile number."""

    use: Literal["off", "when_online", "required"]
    limit_s: float
    wait_s: float  # for central; then the visit goes on, and the number is not proved


class HelpLimits(Section, frozen=True, kw_only=True):
    """[visit.help]: how a visit waits for the clerk who was called."""

    limit_s: Annotated[float, Meta(gt=0)]  # then a visit that nobody goes on with ends
    most: Annotated[int, Meta(ge=1)]  # so often a visit waits; after that help ends it, or opens a review


class VisitSettings(Section, frozen=True, kw_only=True):
    """[visit]: limits of the stages and thresholds of the rules (`kiosk.visit.rules`)."""

    consent_s: float
    phone_s: float
    review_s: float
    submit_s: float  # patience with central before "accepted, will be delivered"
    outcome_s: float
    ways: Annotated[tuple[Way, ...], Meta(min_length=1)]  # what is offered on the first screen
    keep_picture: bool = False  # ask whether central may keep a picture, for comparisons on the phone
    card: CardLimits
    portrait: PortraitLimits
    face: FaceLimits
    liveness: LivenessLimits
    digits: DigitLimits
    pace: PaceLimits
    sound: SoundLimits
    lips: LipLimits
    light: LightLimits
    stream: StreamLimits
    head: HeadLimits
    touch: TouchLimits
    help: HelpLimits
    time: TimeLimits
    phone_code: PhoneCodeLimits


class ReviewSettings(Section, frozen=True, kw_only=True):
    """[review]: what a clerk may decide on the spot. What is not named here cannot be overruled."""

    may_overrule: tuple[Code, ...] = ()
    second_signature: tuple[Code, ...] = ()  # those of them that a supervisor must sign too
    help: bool = False  # a signed-in clerk who was called may open a review
    most: Annotated[int, Meta(ge=1, le=5)] = 3  # reviews of one visit


class StaffSettings(Section, frozen=True, kw_only=True):
    """Clerks and supervisors; see `kiosk.staff`."""

    offline_days: Annotated[
        float, Meta(gt=0, le=30)
    ]  # a roster that central has not confirmed for longer ends
    pin_tries: Annotated[int, Meta(ge=1, le=10)]  # failures in a row that lock a number …
    lock_s: Annotated[float, Meta(ge=60)]  # … for this long at first, then twice as long, a day at most
    idle_warning_s: Annotated[float, Meta(gt=0)]  # without a touch: warn …
    idle_s: Annotated[float, Meta(gt=0, le=900)]  # … and close the panel
    # A training that nobody touches for so long ends.
    training_idle_s: Annotated[float, Meta(gt=0, le=1800)] = 180.0
    stick: str  # the folder where a USB stick is mounted
    stick_supervisor: bool = False  # only a supervisor exports to the stick and imports from it
    shift_h: Annotated[float, Meta(gt=0, le=16)] = 12.0  # a sign-in ends after this time


class CentralSettings(Section, frozen=True, kw_only=True):
    url: str
    public_url: str  # where customers' phones reach central; empty: they cannot
    ca: str  # PEM that central's certificate must chain to
    connect_s: float
    answer_s: float
    pool_target: int  # challenges kept ahead
    pool_refill: int  # fetch when fewer are left
    backoff_first_s: float
    backoff_max_s: float
    backoff_jitter: float  # share of the delay that is random
    probe_s: float  # while central is unreachable: time to the first check, then longer, up to contact_s
    contact_s: float  # interval of heartbeats: a revoked terminal learns of it within this time
    sealing: Literal["HPKE-X25519-SHA256-AES256GCM", "SM2-SM4GCM"]  # the suite we ask central for

    @property
    def look_up(self) -> str:
        """Address of the look-up page for customers, up to the visit's number; empty: none is set."""
        return f"{self.public_url.rstrip('/')}/look-up/" if self.public_url else ""


class Gates(Section, frozen=True, kw_only=True):
    """[gates]: when no new visit begins although everything works; see docs/decisions/0008."""

    waiting: AtLeastOne  # this many requests wait for central …
    waiting_h: Annotated[float, Meta(gt=0)]  # … or one of them for this long
    silent_h: Annotated[float, Meta(gt=0)]  # nothing was heard from central for this long
    software_days: AtLeastOne  # the program was released this long ago


class Settings(Section, frozen=True, kw_only=True):
    """The whole file."""

    mode: Literal["production", "simulation"]
    terminal: Terminal
    operator: Operator
    driver_packages: tuple[str, ...]  # packages that drivers may come from in production
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
    face_engine: FaceEngineChoice
    face_landmarks: DriverChoice
    liveness: DriverChoice
    recogniser: DriverChoice
    printer: DriverChoice
    clerk_call: DriverChoice
    terminal_key: DriverChoice
    file: str = ""  # the site's file; set by `load`

    def path(self, value: str) -> Path:
        """Return a path of this file, made absolute; without a site's file from the working folder."""
        return (Path(self.file).parent / Path(value).expanduser()).absolute()


PORTS = tuple(
    name
    for name, kind in get_type_hints(Settings).items()
    if isinstance(kind, type) and issubclass(kind, DriverChoice)
)
"""Every section that chooses a driver."""

RENAMED: Mapping[str, str] = {
    "face.same_face": "face_engine.limits.same_face",
    "visit.accept": "face_engine.limits.accept",
    "visit.accept_photographed": "face_engine.limits.accept_photographed",
    "visit.review": "face_engine.limits.review",
    "visit.card_s": "visit.card.limit_s",
    "visit.card_tries": "visit.card.tries",
    "visit.min_age": "visit.card.min_age",
    "visit.min_age_guarded": "visit.card.min_age_guarded",
    "visit.portrait_s": "visit.portrait.limit_s",
    "visit.portrait_tries": "visit.portrait.tries",
    "visit.face_s": "visit.face.limit_s",
    "visit.face_tries": "visit.face.tries",
    "visit.min_frames": "visit.face.min_frames",
    "visit.decide_frames": "visit.face.decide_frames",
    "visit.max_face_gap_s": "visit.face.max_gap_s",
    "visit.require_liveness": "visit.liveness.required",
    "visit.min_live": "visit.liveness.min_live",
    "visit.digits_s": "visit.digits.limit_s",
    "visit.digits_tries": "visit.digits.tries",
    "visit.digit_first_s": "visit.digits.first_s",
    "visit.digit_wait_s": "visit.digits.wait_s",
    "visit.digit_last_s": "visit.digits.last_s",
    "visit.silent_digits": "visit.digits.max_silent",
    "visit.digits_guess": "visit.digits.guess",
    "visit.digits_slip": "visit.digits.slip",
    "visit.early_s": "visit.digits.early_s",
    "visit.late_s": "visit.digits.late_s",
    "visit.gap_factor": "visit.pace.factor",
    "visit.gap_factor_unhurried": "visit.pace.unhurried_factor",
    "visit.min_snr_db": "visit.sound.min_snr_db",
    "visit.min_level_dbfs": "visit.sound.min_level_dbfs",
    "visit.max_clipped": "visit.sound.max_clipped",
    "visit.faint_dbfs": "visit.sound.faint_dbfs",
    "visit.lips_right": "visit.lips.min_moved",
    "visit.lips_rise": "visit.lips.min_rise",
    "visit.lips_chance": "visit.lips.max_chance",
    "visit.lips_before_s": "visit.lips.before_s",
    "visit.lips_after_s": "visit.lips.after_s",
    "visit.light": "visit.light.mode",  # before the others of its table, whose name it had
    "visit.light_hold_s": "visit.light.hold_s",
    "visit.light_gain": "visit.light.min_gain",
    "visit.light_fit": "visit.light.min_fit",
    "visit.light_steps": "visit.light.min_steps",
    "visit.stream_refuses": "visit.stream.refuses",
    "visit.max_repeats": "visit.stream.max_repeats",
    "visit.min_noise": "visit.stream.min_noise",
    "visit.max_still_s": "visit.stream.max_still_s",
    "visit.max_stream_fps": "visit.stream.max_fps",
    "visit.min_jitter_ms": "visit.stream.min_jitter_ms",
    "visit.head_tries": "visit.head.tries",
    "visit.head_s": "visit.head.limit_s",
    "visit.head_steps": "visit.head.steps",
    "visit.head_window_s": "visit.head.window_s",
    "visit.head_early_s": "visit.head.early_s",
    "visit.head_turn_deg": "visit.head.turn_deg",
    "visit.head_nod_deg": "visit.head.nod_deg",
    "visit.head_rest_deg": "visit.head.rest_deg",
    "visit.touch_tries": "visit.touch.tries",
    "visit.touch_s": "visit.touch.limit_s",
}
"""Keys of earlier releases → keys that took their place. A table under an old key is the new table."""


def load(site: Path | None = None) -> Settings:
    """Read the defaults and the site's file over them. Raises SettingsError naming file and key."""
    tables = _read(DEFAULT)
    name = str(site or DEFAULT)
    if site is not None:
        own = _read(site)
        _rename_old_keys(own, name)
        tables = merge(tables, own)
    _refuse_endless(tables, name)
    for key, value in tables.items():
        if isinstance(value, dict) and "driver" in value:
            kept = ("driver", "limits") if key == "face_engine" else ("driver",)
            options = {k: v for k, v in value.items() if k not in kept}
            tables[key] = {k: value[k] for k in kept if k in value} | {"options": options}
    if "file" in tables:
        raise SettingsError(Code.SETTINGS_UNKNOWN_KEY, f"{name}: unknown key 'file'")
    tables["file"] = str(site.absolute()) if site else ""
    return _convert(tables, Settings, name, "")


def _rename_old_keys(tables: dict[str, Any], name: str) -> None:
    """Move the values of old keys to where they belong now, with a warning for each.

    Raises SettingsError where the new key is given too: neither of two values is taken silently.
    """
    for old, new in RENAMED.items():
        section, key = old.split(".")
        table = tables.get(section)
        if not isinstance(table, dict) or key not in table or isinstance(table[key], dict):
            continue
        value = table.pop(key)
        *folders, new_key = new.split(".")
        target = tables
        for folder in folders:
            target = target.setdefault(folder, {})
            if not isinstance(target, dict):
                raise SettingsError(Code.SETTINGS_BAD_VALUE, f"{name}: {folder} must be a table")
        if new_key in target:
            detail = f"{name}: {described(old)} is the old name of {described(new)}: give only the new one"
            raise SettingsError(Code.SETTINGS_BAD_VALUE, detail)
        target[new_key] = value
        log.warning("%s: %s is called %s now", name, described(old), described(new))


def described(key: str) -> str:
    """Return a dotted key as a reader of the file knows it: "[visit.card] tries"."""
    section, _, name = key.rpartition(".")
    return f"[{section}] {name}"


def merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Merge tables key by key; another driver replaces the whole section."""
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


def face_thresholds(settings: Settings) -> FaceThresholds:
    """Return what the chosen face engine was measured with, and what [face_engine.limits] puts in its place.

    Raises SettingsError if there is no such engine, or one that names no thresholds.
    """
    choice = settings.face_engine
    engine = driver_class("face_engine", choice, settings.file)
    if not (hasattr(engine, "thresholds") and hasattr(engine, "minimums")):
        detail = f"[face_engine] driver = {choice.driver!r} names no thresholds and minimums"
        raise SettingsError(Code.SETTINGS_UNKNOWN_DRIVER, f"{settings.file or DEFAULT}: {detail}")
    measured: FaceThresholds = engine.thresholds
    overrides = {name: value for name, value in asdict(choice.limits).items() if value is not None}
    return replace(measured, **overrides)


def driver_class(port: str, choice: DriverChoice, file: str = "") -> Any:
    """Return the class that an entry point of `kiosk.<port>` names. Raises SettingsError naming `file`."""
    try:
        return _entry_point(port, choice, file).load()
    except ImportError as error:
        detail = f"{file or DEFAULT}: [{port}] driver = {choice.driver!r} is not installed: {error}"
        raise SettingsError(Code.SETTINGS_UNKNOWN_DRIVER, detail) from None


def driver_package(port: str, choice: DriverChoice, file: str = "") -> str:
    """Return the name of the installed package that the driver comes from. Raises SettingsError."""
    found = _entry_point(port, choice, file).dist
    return found.name if found is not None else ""


def _entry_point(port: str, choice: DriverChoice, file: str) -> EntryPoint:
    """Return the entry point of a driver; of several with this name, that of this program."""
    drivers: EntryPoints = _plugins().select(group=f"kiosk.{port}")
    found = drivers.select(name=choice.driver)
    if not found:
        known = ", ".join(sorted(drivers.names))
        detail = f"{file or DEFAULT}: [{port}] driver = {choice.driver!r}; known: {known}"
        raise SettingsError(Code.SETTINGS_UNKNOWN_DRIVER, detail)
    return max(found, key=lambda point: point.dist is not None and point.dist.name == "kiosk")


@cache
def _plugins() -> Any:
    """Read once: searching all packages takes ten milliseconds, and a start needs it twenty times.

    `Any`: a SelectableGroups before Python 3.12, EntryPoints since; both have `select`.
    """
    return entry_points()


def driver_settings(port: str, choice: DriverChoice, kind: type[S], file: str = "") -> S:
    """Return the driver's own keys, checked by its type. Raises SettingsError naming `file` and key."""
    return _convert(choice.options, kind, file or str(DEFAULT), f"[{port}] driver {choice.driver}: ")


def _refuse_endless(tables: dict[str, Any], name: str, where: str = "") -> None:
    """Raise SettingsError on nan and inf: a comparison with either would disable a check."""
    for key, value in tables.items():
        if isinstance(value, dict):
            _refuse_endless(value, name, f"{where}{key}.")
        elif isinstance(value, float) and not isfinite(value):
            raise SettingsError(Code.SETTINGS_BAD_VALUE, f"{name}: {where}{key} must be a finite number")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path))
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
        raise SettingsError(code, f"{name}: {where}{text}{allowed_values(text, kind)}") from None
