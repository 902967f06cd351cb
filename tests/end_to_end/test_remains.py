"""After a visit, back on the first screen: the process's whole memory, as a core file would hold it."""

import os
import re
import secrets
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from kiosk import process_hardening
from tests.end_to_end.conftest import SiteMaker
from tests.end_to_end.remains import SAMPLE, named
from tests.support.folder_contents import folder_contents

KINDS = {
    b"P": "frame", b"J": "picture (JPEG)", b"B": "face cut out", b"E": "embedding", b"S": "sound",
    b"F": "sound at the recogniser",
}  # fmt: skip
LATEST = 400
"""Samples of each kind that are searched, besides the first ones: what came last is likeliest to be left."""
PIECE = 1 << 20

Patterns = dict[bytes, str]


class Child:
    """The terminal's process and what it told of itself."""

    def __init__(self, settings: Path, who: dict[str, object], environment: dict[str, str]) -> None:
        reading, writing = os.pipe()
        command = [sys.executable, "-m", "tests.end_to_end.remains", str(settings), str(writing)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[writing], env=environment
        )
        os.close(writing)
        self.samples: list[bytes] = []
        self._collector = threading.Thread(target=self._collect, args=(reading,))
        self._collector.start()
        assert self._line() == "in service"
        self._tell(msgspec.json.encode(who))
        word, self.ended = self._line().split(" ", 1)
        assert word == "idle"

    def end(self) -> None:
        self._tell(b"x")
        self.process.communicate(timeout=60)
        self._collector.join()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def _tell(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def _collect(self, fd: int) -> None:
        with open(fd, "rb") as pipe:
            while len(sample := pipe.read(1 + SAMPLE)) == 1 + SAMPLE:
                self.samples.append(sample)


def patterns(who: dict[str, object], samples: list[bytes]) -> Patterns:
    """Everything that is looked for → what it is."""
    card = named(int(str(who["seed"])))
    texts = {
        "number": card.number, "name": card.name, "address": card.address, "phone": str(who["phone"]),
        "password": str(who["password"]),
    }  # fmt: skip
    wanted = {t.encode(code): kind for kind, t in texts.items() for code in ("utf-8", "utf-16-le", "gb18030")}
    for letter, kind in KINDS.items():
        mine = [sample[1:] for sample in samples if sample[:1] == letter]
        chosen = [
            s for s in (mine[:50] + mine[-LATEST:]) if len(set(s)) > 8 and b"\n" not in s and b"\0" not in s
        ]
        wanted |= dict.fromkeys(chosen, kind)
    return wanted


def memory(pid: int, into: Path) -> list[tuple[int, str]]:
    """All that can be written to in the process, into a file; where each mapping begins, and its name."""
    places = []
    with into.open("wb") as out, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) (rw..) \S+ \S+ \S+\s*(.*)", line)
            if found is None or found[4].startswith(("/dev", "[v")):
                continue
            places.append((out.tell(), found[4] or "anonymous"))
            for at in range(int(found[1], 16), int(found[2], 16), PIECE):
                piece = _read(mem, at, min(PIECE, int(found[2], 16) - at))
                if piece.strip(b"\0"):
                    out.write(piece)
    return places


def on_disk(folders: list[Path], into: Path) -> list[tuple[int, str]]:
    """All files of the terminal's, the database with its log and free pages, and all temporary ones."""
    places = []
    with into.open("wb") as out:
        for folder in folders:
            for path, content in folder_contents(folder).items():
                places.append((out.tell(), path.name))
                out.write(content)
    assert any(name == "outbox.sqlite3" for _, name in places)
    return places


def _read(mem, at: int, size: int) -> bytes:
    """Pages that cannot be read (guards, pages of devices) are none that a core file would hold."""
    try:
        mem.seek(at)
        return mem.read(size)
    except OSError:
        return b"" if size <= 4096 else b"".join(_read(mem, at + i, 4096) for i in range(0, size, 4096))


def search(wanted: Patterns, dump: Path, places: list[tuple[int, str]]) -> Counter[tuple[str, str]]:
    """(kind, mapping) → how often; grep finds thousands of patterns in one pass."""
    listed = dump.with_suffix(".patterns")
    listed.write_bytes(b"\n".join(wanted))
    command = ["grep", "-aobF", "-f", str(listed), str(dump)]
    said = subprocess.run(command, capture_output=True, env=os.environ | {"LC_ALL": "C"}, check=False)
    found: Counter[tuple[str, str]] = Counter()
    for match in re.finditer(rb"(?:^|\n)(\d+):", said.stdout):
        rest = said.stdout[match.end() :]
        kind = next((kind for p, kind in wanted.items() if rest.startswith(p)), None)
        if kind is not None:
            name = [name for begin, name in places if begin <= int(match[1])][-1]
            found[kind, Path(name).name] += 1
    return found


def remains(site, clean: bool, folder: Path) -> tuple[Counter[tuple[str, str]], Counter[str], str]:
    """What is left of one visit; of what was looked for, how much; how the visit ended."""
    who: dict[str, object] = {
        "seed": 10_000 + secrets.randbelow(80_000),
        "password": f"7{secrets.randbelow(10**6):06}3",
    }
    who["phone"] = f"199{secrets.randbelow(10**8):08}"
    environment = {k: v for k, v in os.environ.items() if k not in process_hardening.CLEAN}
    (folder / "tmp").mkdir(parents=True)
    environment |= {"TMPDIR": str(folder / "tmp")} | (process_hardening.CLEAN if clean else {})
    child = Child(site.settings, who, environment)
    try:
        dump = folder / "memory"
        try:
            places = memory(child.process.pid, dump)
        except PermissionError:
            pytest.skip("this machine lets nobody read another process's memory")
        wanted = patterns(who, list(child.samples))
        found = search(wanted, dump, places)
        found += search(wanted, dump, on_disk([site.folder, folder / "tmp"], dump))
        dump.unlink()
    finally:
        child.end()
    return found, Counter(wanted.values()), child.ended


def main() -> None:
    """Both ways of keeping memory, side by side: `python -m tests.end_to_end.test_remains`."""
    import tempfile

    from tests.end_to_end.conftest import CENTRAL
    from tests.support.central_server import running_central

    folders = tempfile.TemporaryDirectory()
    with folders as name, running_central(Path(name) / "c", settings=CENTRAL) as central:
        for clean in (False, True):
            folder = Path(name) / str(clean)
            with _site(folder, central) as site:
                found, wanted, ended = remains(site, clean, folder)
            print(f"{'clean' if clean else 'plain'}: {ended}; looked for {dict(wanted)}")
            for (kind, where), count in sorted(found.items()):
                print(f"  {kind}: {count} in {where}")
            print(f"  {found.total()} found", flush=True)


def _site(folder: Path, central):
    from contextlib import contextmanager

    from tests.support.headless_terminal import TerminalSite

    @contextmanager
    def opened():
        site = TerminalSite(folder, central)
        with site.line:
            site.enrol()
            yield site

    return opened()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_nothing_of_the_person_is_left_in_the_process(new_site: SiteMaker, tmp_path: Path) -> None:
    site = new_site()
    site.enrol()
    found, wanted, _ = remains(site, True, tmp_path)
    assert wanted["frame"] > 20
    assert wanted["embedding"] > 2
    assert wanted["sound"] > 5
    assert found == Counter()


if __name__ == "__main__":
    main()
