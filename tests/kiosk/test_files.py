"""Files that somebody else may have written: no link is followed, nothing waits, nothing is endless."""

import os

import pytest

from kiosk.__main__ import main
from kiosk.audit.log import AuditLog
from kiosk.audit.record import RecordKind
from kiosk.files import NotRegular, open_folder, read_regular, write_in, write_whole


def make_unusable(path, how, elsewhere):
    """Put something else where a file belongs."""
    match how:
        case "link":
            path.symlink_to(elsewhere)
        case "dangling link":
            path.symlink_to(path.with_name("nothing"))
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "too long":
            path.write_bytes(b"x" * 101)
        case "device":
            path.symlink_to("/dev/zero")


UNUSABLE = ["link", "dangling link", "pipe", "folder", "too long", "device"]


@pytest.mark.parametrize("how", UNUSABLE)
def test_only_a_regular_file_of_limited_size_is_read(tmp_path, how):
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    path = tmp_path / "file"
    make_unusable(path, how, secret)
    with pytest.raises(NotRegular):
        read_regular(path, 100)
    with open_folder(tmp_path) as folder, pytest.raises(NotRegular):
        read_regular("file", 100, folder)
    assert read_regular(secret, 6) == b"secret"


def test_no_folder_below_the_root_is_a_link(tmp_path):
    victim, root = tmp_path / "victim", tmp_path / "root"
    victim.mkdir()
    (victim / "answers").mkdir()
    root.mkdir()
    (root / "link").symlink_to(victim)
    for names in (("link",), ("link", "answers")):
        for create in (False, True):
            with pytest.raises(NotADirectoryError), open_folder(root, *names, create=create):
                pass
    (tmp_path / "mounted").symlink_to(root)
    with open_folder(tmp_path / "mounted", "new", create=True):
        assert (root / "new").is_dir()


@pytest.mark.parametrize("name", ["file", ".file.new"])
def test_a_link_is_replaced_and_not_followed(tmp_path, name):
    secret, path = tmp_path / "secret", tmp_path / "file"
    secret.write_bytes(b"secret")
    (tmp_path / name).symlink_to(secret)
    write_whole(path, b"new")
    assert (path.read_bytes(), path.is_symlink(), secret.read_bytes()) == (b"new", False, b"secret")


def test_no_descriptor_is_left_open(tmp_path):
    (tmp_path / "folder").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        write_whole(tmp_path / "file", b"")
        with pytest.raises(NotRegular):
            read_regular(tmp_path / "folder", 1)
        with open_folder(tmp_path, "folder") as folder:
            write_in(folder, "file", b"")
        with pytest.raises(NotADirectoryError), open_folder(tmp_path, "folder", "file"):
            pass
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("command", [["audit", "verify"], ["privacy", "receipts"]])
def test_a_pipe_in_place_of_an_export_is_refused(tmp_path, capsys, command):
    (tmp_path / "settings.toml").write_text('mode = "simulation"\n')
    os.mkfifo(tmp_path / "export")
    assert main([*command, str(tmp_path / "export"), "--settings", str(tmp_path / "settings.toml")]) == 1
    assert "no regular file" in capsys.readouterr().err


def test_an_export_of_the_audit_log_overwrites_nothing_behind_a_link(tmp_path):
    (tmp_path / "settings.toml").write_text('mode = "simulation"\n')
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    AuditLog(tmp_path / "var" / "audit" / "audit.log").append(RecordKind.SERVICE_IN)
    (tmp_path / "export").symlink_to(secret)
    assert (
        main(["audit", "export", str(tmp_path / "export"), "--settings", str(tmp_path / "settings.toml")])
        == 0
    )
    assert secret.read_bytes() == b"secret"
    assert b'"audit":1' in (tmp_path / "export").read_bytes()
