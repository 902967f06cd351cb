"""Everything around the terminal in the demo: central in its own process, a line that can break, settings."""

import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import requests

from demo.scenarios import Scenario
from kiosk.simulators.network_proxy import NetworkProxy
from kiosk.simulators.people import Person
from kiosk.simulators.staff import StaffBehaviour

TERMINAL = "DEMO-0001"
PLACE = "示范路便利店（演示）"
TIMEOUT_S = 30.0

SETTINGS = """\
# Written by the demo. Simulated devices; limits are shorter than a shop's, so that nobody waits.
mode = "simulation"
terminal = {{ id = "{terminal}", place = "{place}", identity = "identity" }}
storage = {{ folder = "terminal" }}
models = {{ folder = "{models}" }}
screen = {{ full_screen = false, width_px = {width}, height_px = {height} }}
camera = {{ driver = "simulated" }}
microphone = {{ driver = "simulated" }}
speaker = {{ driver = "simulated", pace = {pace} }}
card_reader = {{ driver = "simulated" }}
portrait_decoder = {{ driver = "simulated" }}
liveness = {{ driver = "none" }}
printer = {{ driver = "file", path = "{slips}", form = "png" }}

[visit]
review = 0.30                  # a wider grey band than a shop's: a portrait between two people lies in it
require_liveness = false       # no registry carries the anti-spoof model; production requires it
face_s = {face_s}
card_s = {card_s}
submit_s = {submit_s}
outcome_s = {outcome_s}
silent_digits = {silent_digits}

[review]
second_signature = ["face.uncertain", "face.not_live", "way.clerk"]  # a grey face too, to show it

[central]
url = "https://localhost:{port}"
ca = "central/keys/ca.pem"
contact_s = 2
backoff_first_s = 0.2
backoff_max_s = 2
"""

HASTE = {"pace": 0.15, "face_s": 5, "card_s": 8, "submit_s": 2.5, "outcome_s": 3, "silent_digits": 2}
LEISURE = {"pace": 1.0, "face_s": 30, "card_s": 60, "submit_s": 6, "outcome_s": 30, "silent_digits": 3}


class Environment:
    """A context: central runs and the terminal is enrolled inside of it."""

    def __init__(self, folder: Path, models: Path, size: tuple[int, int], *, haste: bool) -> None:
        self.folder = folder
        self.settings = folder / "settings.toml"
        self._models = models
        self._size = size
        self._pace = HASTE if haste else LEISURE
        self._central: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Environment":
        with ExitStack() as undo:
            undo.callback(self._stop_central)
            self._start_central()
            self.line = undo.enter_context(NetworkProxy("127.0.0.1", self.port))
            self.line.up()
            self._write_settings()
            self._enrol()
            self._clerk, self._supervisor = self._employ(), self._employ("--supervisor")
            self.number, self.pin = self._supervisor
            self._undo = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def _stop_central(self) -> None:
        if self._central is not None:
            self._central.terminate()
            self._central.wait(TIMEOUT_S)

    # ── what the director may turn ───────────────────────────────────────────────────────────────

    def set_line(self, state: str) -> None:
        """up, down, or the next answer to a request is lost."""
        if state == "down":
            self.line.down()
            return
        self.line.up()
        if state == "lose-answer":
            self.line.lose_answer()

    def set_register(self, scenario: Scenario) -> None:
        """What the simulated population register says of this scenario's made-up person."""
        number = Person(scenario.customer.seed, b"").card().number
        person = {
            "number": number,
            "answer": scenario.register.answer,
            "visible_after_s": scenario.register.visible_after_s,
        }
        answer = requests.put(
            f"{self._url}/simulation/people", json={"people": [person]}, verify=self._ca, timeout=TIMEOUT_S
        )
        answer.raise_for_status()

    def staff(self, scenario: Scenario) -> StaffBehaviour | None:
        """Who works behind the counter, if anybody does in this scenario."""
        if scenario.clerk is None:
            return None
        return StaffBehaviour(*self._clerk, *self._supervisor, scenario.clerk.decision, scenario.clerk.reason)

    def accounts(self) -> str:
        """The numbers and PINs made for this run, told to whoever plays the counter by hand."""
        (clerk, clerk_pin), (supervisor, pin) = self._clerk, self._supervisor
        return f"Clerk {clerk}, PIN {clerk_pin}; supervisor {supervisor}, PIN {pin}."

    def credentials(self, slip: str) -> int:
        """How many credentials central holds for that visit."""
        answer = requests.get(
            f"{self._url}/simulation/credentials", params={"slip": slip}, verify=self._ca, timeout=TIMEOUT_S
        )
        answer.raise_for_status()
        return int(answer.json()["slip"])

    # ── inside ───────────────────────────────────────────────────────────────────────────────────

    @property
    def _data(self) -> Path:
        return self.folder / "central"

    def _slips(self) -> Path:
        """Where the printer leaves what it prints."""
        folder = self.folder / "slips"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def _url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def _ca(self) -> str:
        return str(self._data / "keys" / "ca.pem")

    def _start_central(self) -> None:
        _call("central", "init", "--data", str(self._data))
        (self._data / "central.toml").write_text("[challenges]\ngap_max_s = 1.2\n", encoding="utf-8")
        self._log = (self.folder / "central.log").open("w")
        self._central = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "central",
                "run",
                "--data",
                str(self._data),
                "--port",
                "0",
                "--simulation",
            ],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self._central.stdout is not None
        line = self._central.stdout.readline()
        found = re.search(r":(\d+)", line.removeprefix("central: https:"))
        if found is None:
            raise RuntimeError(f"central did not start; see {self.folder / 'central.log'}")
        self.port = int(found.group(1))

    def _write_settings(self) -> None:
        width, height = self._size
        self.settings.write_text(
            SETTINGS.format(
                terminal=TERMINAL,
                place=PLACE,
                models=self._models.absolute(),
                slips=self._slips().absolute(),
                width=width,
                height=height,
                port=self.line.port,
                **self._pace,
            ),
            encoding="utf-8",
        )

    def _enrol(self) -> None:
        code = _call("central", "enrol-code", TERMINAL, "--place", PLACE, "--data", str(self._data))
        _call("kiosk", "enrol", "--settings", str(self.settings), "--code", code.strip())

    def _employ(self, *options: str) -> tuple[str, str]:
        """A new member of staff at central: number and PIN."""
        said = _call("central", "clerk", "add", TERMINAL, *options, "--data", str(self._data)).split()
        return said[1], said[3]


def _call(module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} {arguments[0]} failed: {done.stderr.strip()[-500:]}")
    return done.stdout
