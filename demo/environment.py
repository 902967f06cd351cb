"""Everything around the terminal in the demo: central in its own process, a line that can break, settings.

The terminal may be started before `start` is called: its window then says that the terminal is not enrolled
yet, and it comes into service when `start` has enrolled it. So the window does not wait for central, whose
start takes several seconds.
"""

import contextlib
import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import requests

from demo.scenarios import Scenario
from kiosk.__main__ import main as kiosk
from kiosk.simulators.network_proxy import NetworkProxy
from kiosk.simulators.people import Person
from kiosk.simulators.staff import StaffBehaviour

TERMINAL = "DEMO-0001"
PLACE = "示范路便利店（演示）"
TIMEOUT_S = 120.0
"""Limit for anything central does; a busy machine may need ten times as long as a quiet one."""

SETTINGS = """\
# Written by the demo. Simulated devices; time limits are shorter than a shop's.
mode = "simulation"
terminal = {{ id = "{terminal}", place = "{place}", identity = "identity" }}
operator = {{ name = "示范便利店有限公司（演示）", contact = "020-00000000" }}
storage = {{ folder = "terminal" }}
retention = {{ measures_days = 1 }}    # whole visit logs: these people are made up
models = {{ folder = "{models}" }}
screen = {{ full_screen = false, width_px = {width}, height_px = {height} }}
camera = {{ driver = "simulated" }}
microphone = {{ driver = "simulated" }}
speaker = {{ driver = "simulated", pace = {pace} }}
card_reader = {{ driver = "simulated" }}
portrait_decoder = {{ driver = "simulated" }}
liveness = {{ driver = "{liveness}" }}
printer = {{ driver = "file", path = "{slips}", form = "png" }}

[face_engine.limits]
review = 0.30                  # a wider grey band than a shop's: a portrait between two people lies in it

[visit]
submit_s = {submit_s}
outcome_s = {outcome_s}
face.limit_s = {face_s}
liveness.required = {measured}     # no registry carries the anti-spoof model; production requires it
digits.max_silent = {silent_digits}
phone_code.use = "{phone_code}"

[review]
second_signature = [            # a grey face too, to show it
    "face.uncertain", "card.portrait_photographed", "card.number_irregular", "card.child", "face.not_live",
    "light.unclear", "light.unseen", "light.declined", "way.attest", "way.clerk",
]

[central]
url = "https://localhost:{port}"
public_url = "https://localhost:{port}"
ca = "central/keys/ca.pem"
contact_s = 2
backoff_first_s = 0.2
backoff_max_s = 2
"""

FAST: dict[str, float] = {
    "pace": 0.15,
    # Long enough for a machine that does other work: no customer who stays needs these limits.
    "face_s": 30,
    "outcome_s": 15,
    # A customer for whom the line is down waits this long. One who waits for central's answer waits longer:
    # `demo.terminal_process.PatientTouch`.
    "submit_s": 1.5,
    "silent_digits": 2,
}
"""Settings for simulated customers; `pace` is the length of a spoken prompt compared with the real one."""
REAL_TIME: dict[str, float] = {"pace": 1.0, "face_s": 30, "submit_s": 6, "outcome_s": 30, "silent_digits": 3}
"""Settings for a person who tries the terminal."""
CENTRAL = """
[challenges]
gap_max_s = 1.2

[evidence.floors.face]
review = { least = 0.30 }      # as the terminal's wider grey band, above

[plausibility]                 # simulated customers have quick fingers, and some of them one phone
shortest_s = {}
visits_an_hour = 100000
people_a_phone = 100000
overlap_slack_s = 1e9          # benchmarks make requests ahead
"""


class Environment:
    """A context manager. Inside it the terminal's settings exist; after `start` central runs too."""

    def __init__(
        self,
        folder: Path,
        models: Path,
        size: tuple[int, int],
        *,
        fast: bool,
        central_settings: str = "",
        liveness: str = "none",
    ) -> None:
        """`size`: width and height of the window in pixels. `central_settings`: more TOML for central.
        `liveness`: driver; any but "none" is required.
        """
        self.folder = folder
        self.settings = folder / "settings.toml"
        self._models = models
        self._size = size
        self._limits = FAST if fast else REAL_TIME
        self._liveness = liveness
        self._central_settings = CENTRAL + central_settings
        self._undo = ExitStack()
        self._phone_code = False

    def __enter__(self) -> "Environment":
        """Choose the ports and write the terminal's settings."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.line = self._undo.enter_context(NetworkProxy("127.0.0.1", self.port))
        self._write_settings()
        return self

    def _write_settings(self) -> None:
        slips = self.folder / "slips"  # where the simulated printer puts what it prints
        slips.mkdir(parents=True, exist_ok=True)
        width, height = self._size
        text = SETTINGS.format(
            terminal=TERMINAL,
            place=PLACE,
            models=self._models.absolute(),
            slips=slips.absolute(),
            width=width,
            height=height,
            port=self.line.port,
            liveness=self._liveness,
            measured=str(self._liveness != "none").lower(),
            phone_code="when_online" if self._phone_code else "off",
            **self._limits,
        )
        self.settings.write_text(text, encoding="utf-8")

    def start(self) -> None:
        """Start central and enrol the terminal. Raises RuntimeError."""
        self._administer("init")
        (self._data / "central.toml").write_text(self._central_settings, encoding="utf-8")
        arguments = ["run", "--data", str(self._data), "--port", str(self.port), "--simulation"]
        with (self.folder / "central.log").open("w") as log:
            central = subprocess.Popen([sys.executable, "-m", "central", *arguments], stdout=log, stderr=log)
        self._undo.callback(central.wait, TIMEOUT_S)
        self._undo.callback(central.terminate)
        self.central_pid = central.pid
        code = self._administer("enrol-code", TERMINAL, "--place", PLACE).strip()
        self.clerk, self.supervisor = self._add_staff(), self._add_staff("--supervisor")
        until = time.monotonic() + TIMEOUT_S
        while not _answers(f"{self._url}/v1/health", self._ca):
            if central.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"central did not start; see {self.folder / 'central.log'}")
            time.sleep(0.05)
        _output_of(kiosk, ["enrol", "--settings", str(self.settings), "--code", code])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    # ── what the director may change ─────────────────────────────────────────────────────────────

    def set_line(self, state: str) -> None:
        """Set the line to central: "up", "down", or "lose-answer" (up, but the next answer is lost)."""
        if state == "down":
            self.line.down()
            return
        self.line.up()
        if state == "lose-answer":
            self.line.lose_answer()

    def set_phone_code(self, wanted: bool) -> bool:
        """Set whether numbers are proved with a code; return True if the terminal must be started anew."""
        changed = wanted is not self._phone_code
        if changed:
            self._phone_code = wanted
            self._write_settings()
        return changed

    def set_register(self, scenario: Scenario) -> None:
        """Set what the simulated population register says of this scenario's made-up person."""
        person = {
            "number": Person(scenario.customer.seed, b"").card().number,
            "answer": scenario.register.answer,
            "visible_after_s": scenario.register.visible_after_s,
        }
        answer = requests.put(
            f"{self._url}/simulation/people", json={"people": [person]}, verify=self._ca, timeout=TIMEOUT_S
        )
        answer.raise_for_status()

    def staff(self, scenario: Scenario) -> StaffBehaviour | None:
        """Return who works at the counter in this scenario, or None."""
        if scenario.clerk is None:
            return None
        (clerk, pin), (supervisor, supervisor_pin) = self.clerk, self.supervisor
        if scenario.clerk.alone:
            supervisor, supervisor_pin = clerk, pin
        return StaffBehaviour(
            clerk=clerk,
            pin=pin,
            supervisor=supervisor,
            supervisor_pin=supervisor_pin,
            decision=scenario.clerk.decision,
            reason=scenario.clerk.reason,
        )

    def accounts(self) -> str:
        """Return a sentence with the numbers and PINs of this run, for a person who plays the clerk."""
        (clerk, clerk_pin), (supervisor, pin) = self.clerk, self.supervisor
        return f"Clerk {clerk}, PIN {clerk_pin}; supervisor {supervisor}, PIN {pin}."

    def credentials(self, slip: str) -> int:
        """Return how many credentials central has for that visit."""
        answer = requests.get(
            f"{self._url}/simulation/credentials", params={"slip": slip}, verify=self._ca, timeout=TIMEOUT_S
        )
        answer.raise_for_status()
        return int(answer.json()["slip"])

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    @property
    def _data(self) -> Path:
        return self.folder / "central"

    @property
    def _url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def _ca(self) -> str:
        return str(self._data / "keys" / "ca.pem")

    def _administer(self, *arguments: str) -> str:
        """Run a command of central in this process: an interpreter of its own would cost two seconds each."""
        from central.__main__ import main as central  # slow to import; the terminal's window comes first

        return _output_of(central, [*arguments, "--data", str(self._data)])

    def _add_staff(self, *options: str) -> tuple[str, str]:
        """Return number and PIN of a new member of staff at central."""
        words = self._administer("clerk", "add", TERMINAL, *options).split()
        return words[1], words[3]


def _answers(url: str, ca: str) -> bool:
    try:
        return requests.get(url, verify=ca, timeout=TIMEOUT_S).ok
    except requests.ConnectionError:
        return False


def _output_of(command: Callable[[list[str]], int], arguments: list[str]) -> str:
    """Return what a command prints. Raises RuntimeError if it fails."""
    printed = io.StringIO()
    mask = os.umask(0o077)  # commands that write keys set it for their whole process
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = command(arguments)
    finally:
        os.umask(mask)
    if status != 0:
        raise RuntimeError(f"{arguments[0]} failed: {printed.getvalue().strip()[-500:]}")
    return printed.getvalue()
