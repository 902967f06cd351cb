"""Every way of changing a log is found, and the first record that was changed is named."""

import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kiosk.audit.log import AuditLog, LogHead
from kiosk.audit.record import RecordKind, decode, encode
from kiosk.audit.verify import ExportHeader, verify


@pytest.fixture(scope="module")
def lines(tmp_path_factory) -> list[bytes]:
    path = tmp_path_factory.mktemp("audit") / "audit.log"
    log = AuditLog(path)
    for n in range(20):
        log.append(RecordKind.VISIT_FINISHED, visit="AAAA-0001", facts={"n": n})
    return path.read_bytes().splitlines(keepends=True)


def head(line: bytes) -> LogHead:
    found = decode(line)
    return LogHead(found.record.seq, found.hash)


def rehashed(lines: list[bytes], first: int, **changes) -> list[bytes]:
    """Record `first` changed, and all hashes from there to the end made anew."""
    made, previous = lines[: first - 1], decode(lines[first - 2]).hash if first > 1 else "0" * 64
    for line in lines[first - 1 :]:
        record = replace(decode(line).record, previous=previous, **changes)
        changes = {}
        raw, previous = encode(record)
        made.append(raw)
    return made


def test_a_true_log(lines):
    assert verify(lines, [head(line) for line in lines]).good
    assert verify([]).good


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_single_changed_byte_is_found_in_its_record(lines, data):
    at = data.draw(st.integers(0, len(lines) - 1))
    raw = bytearray(lines[at])
    byte = data.draw(st.integers(0, len(raw) - 2))
    raw[byte] ^= 1 << data.draw(st.integers(0, 7))
    if b"\n" in raw[:-1]:
        return
    found = verify([*lines[:at], bytes(raw), *lines[at + 1 :]])
    assert found.at == at + 1
    assert "altered" in found.fault


@pytest.mark.parametrize("at", [1, 2, 10, 19])
def test_a_missing_record(lines, at):
    found = verify(lines[: at - 1] + lines[at:])
    assert (found.at, found.fault.partition(":")[0]) == (at, "missing")


@pytest.mark.parametrize(("a", "b"), [(1, 2), (5, 9), (19, 20)])
def test_exchanged_records(lines, a, b):
    swapped = list(lines)
    swapped[a - 1], swapped[b - 1] = swapped[b - 1], swapped[a - 1]
    found = verify(swapped)
    assert (found.at, found.fault.partition(":")[0]) == (a, "reordered")


def test_a_doubled_record(lines):
    found = verify([*lines[:5], lines[4], *lines[5:]])
    assert (found.at, found.fault.partition(":")[0]) == (6, "reordered")


def test_one_record_exchanged_with_a_right_hash_of_its_own(lines):
    forged, _ = encode(replace(decode(lines[6]).record, visit="BBBB-0001"))
    found = verify([*lines[:6], forged, *lines[7:]])
    assert (found.at, found.fault.partition(":")[0]) == (7, "altered")


def test_without_an_anchor_a_wholly_rewritten_end_passes_and_with_one_it_does_not(lines):
    forged = rehashed(lines, 8, visit="BBBB-0001")
    assert verify(forged).good
    for anchored in (8, 12, 20):
        found = verify(forged, [head(lines[anchored - 1])])
        assert (found.at, found.fault.partition(":")[0]) == (anchored, "altered, here or before")
    assert verify(forged, [head(lines[6])]).good


def test_a_cut_off_end_is_found_by_an_anchor_or_by_the_exports_header(lines):
    short = lines[:15]
    assert verify(short).good
    found = verify(short, [head(lines[-1])])
    assert (found.at, found.fault.partition(":")[0]) == (16, "missing")
    last = head(lines[-1])
    header = (
        msgspec.json.encode(ExportHeader(audit=1, terminal="T-1", at_unix=5.0, seq=last.seq, head=last.hash))
        + b"\n"
    )
    assert verify([header, *lines]).good
    assert verify([header, *short]).at == 16


def test_shuffled_rubbish_is_never_good(lines):
    chosen = random.Random(3)
    for _ in range(200):
        other = [line for line in lines if chosen.random() < 0.8]
        chosen.shuffle(other)
        anchored = verify(other, [head(lines[-1])])
        assert not anchored.good or other == lines


def test_commands(tmp_path: Path, capsys, monkeypatch):
    from kiosk.__main__ import main

    site = tmp_path / "settings.toml"
    site.write_text('[storage]\nfolder = "var"\n[central]\nurl = "https://localhost:1"\n')
    log = AuditLog(tmp_path / "var" / "audit" / "audit.log")
    for _ in range(4):
        log.append(RecordKind.SERVICE_IN)
    export = tmp_path / "export.jsonl"
    assert main(["audit", "--settings", str(site), "export", str(export)]) == 0
    assert main(["audit", "--settings", str(site), "verify", str(export)]) == 0
    assert "4 records, unbroken" in capsys.readouterr().out
    rows = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(b"".join([*rows[:2], *rows[3:]]))
    assert main(["audit", "--settings", str(site), "verify", str(export)]) == 1
    assert "record 2: missing" in capsys.readouterr().out
    log.path.write_bytes(log.path.read_bytes()[:-10] + b"XXXXXXXXX\n")
    assert main(["audit", "--settings", str(site), "restart"]) == 0
    assert main(["audit", "--settings", str(site), "verify"]) == 0
    assert len(list(log.path.parent.glob("*.damaged-*"))) == 1
