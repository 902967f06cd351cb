"""Whole folders as models: what an operator brings is copied, pinned, and compared at every start."""

import os
import stat
import zipfile

import pytest

from kiosk.__main__ import main
from kiosk.codes import Code
from kiosk.errors import ModelError
from kiosk.models import folders

FILES = {name: name.encode() * 50 for name in (*folders.NEEDED, "graph/phones/word_boundary.int", "README")}
NAME = "vosk-model-small-cn-0.22"


@pytest.fixture
def carried(tmp_path):
    """An unpacked model."""
    return lay(tmp_path / "carried" / NAME)


@pytest.fixture
def installed(tmp_path):
    return tmp_path / "models"


def lay(folder, files=FILES):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def packed(path, files=FILES, below=f"{NAME}/", compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(below + name, content)
    return path


def code_of(call):
    with pytest.raises(ModelError) as caught:
        call()
    return caught.value.code


def install(source, installed, name=None):
    return folders.install_folder(source, installed, name, report=lambda _: None)


def left_over(installed):
    return [p.name for p in installed.iterdir() if p.name.startswith(".")]


# ── from a folder, from an archive ───────────────────────────────────────────────────────────────


def test_a_folder_is_copied_whole_under_its_name(carried, installed):
    pin = install(carried, installed)
    assert (pin.name, pin.files, pin.size) == (NAME, len(FILES), sum(map(len, FILES.values())))
    there = folders.verified(installed, NAME)
    assert {f: (there / f).read_bytes() for f in FILES} == FILES
    assert left_over(installed) == []


def test_it_is_found_somewhere_below_and_what_lies_beside_it_stays_out(carried, installed):
    (carried.parent / "notes.txt").write_bytes(b"not of the model")
    install(carried.parent, installed)
    assert not (folders.verified(installed, NAME) / "notes.txt").exists()


def test_an_archive_gives_the_same_pin_as_its_folder(carried, installed, tmp_path):
    by_folder = install(carried, installed)
    assert install(packed(tmp_path / "any.zip"), tmp_path / "other") == by_folder


@pytest.mark.parametrize(("below", "name"), [("", "brought-1.0"), ("pkg/model/", "brought-1.0"), ("x/", "x")])
def test_an_archive_without_a_telling_folder_gives_its_own_name(tmp_path, installed, below, name):
    assert install(packed(tmp_path / "brought-1.0.zip", below=below), installed).name == name


def test_another_name_may_be_chosen(carried, installed):
    install(carried, installed, "mandarin")
    assert folders.verified(installed, "mandarin").is_dir()


@pytest.mark.parametrize("name", ["../out", ".hidden", "a/b", "", "x" * 200])
def test_a_name_that_is_none_is_refused(carried, installed, name):
    if name:
        assert code_of(lambda: install(carried, installed, name)) is Code.MODEL_UNUSABLE
    assert not (installed / "folders.toml").exists()


def test_a_newer_model_takes_the_place_of_the_old(carried, installed):
    old = install(carried, installed)
    lay(carried, {"README": b"newer"})
    assert install(carried, installed).sha256 != old.sha256
    assert len(folders.pins(installed)) == 1
    assert (folders.verified(installed, NAME) / "README").read_bytes() == b"newer"


def test_several_models_are_pinned_side_by_side(carried, installed):
    install(carried, installed)
    install(carried, installed, "second")
    assert [p.name for p in folders.pins(installed)] == ["second", NAME]
    assert folders.faults(installed) == []


# ── every start ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", ["changed", "shorter", "gone", "added", "renamed", "link"])
def test_every_alteration_is_found(carried, installed, how):
    install(carried, installed)
    file = installed / NAME / "graph" / "Gr.fst"
    if how == "changed":
        file.write_bytes(file.read_bytes().replace(b"G", b"H", 1))
    elif how == "shorter":
        os.truncate(file, 10)
    elif how == "gone":
        file.unlink()
    elif how == "added":
        (file.parent / "HCLG.fst").write_bytes(b"another graph")
    elif how == "renamed":
        file.rename(file.parent / "gr.fst")
    else:
        file.rename(installed / "elsewhere")
        file.symlink_to(installed / "elsewhere")
    assert code_of(lambda: folders.verified(installed, NAME)) is Code.MODEL_ALTERED
    assert [error.code for error in folders.faults(installed)] == [Code.MODEL_ALTERED]


def test_a_model_that_was_not_installed_is_missing(carried, installed):
    lay(installed / "copied-by-hand")
    assert code_of(lambda: folders.verified(installed, "copied-by-hand")) is Code.MODEL_MISSING
    assert folders.faults(installed) == []


@pytest.mark.parametrize("text", ["no toml [", '[[folder]]\nname = "x"', "other = 1"])
def test_pins_that_cannot_be_read_are_no_pins(carried, installed, text):
    install(carried, installed)
    (installed / folders.PINS).write_text(text)
    assert code_of(lambda: folders.verified(installed, NAME)) is Code.MODEL_ALTERED


# ── what an operator may bring ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("missing", folders.NEEDED)
def test_a_model_in_which_something_is_missing_is_refused(tmp_path, installed, missing):
    files = {name: content for name, content in FILES.items() if name != missing}
    with pytest.raises(ModelError, match=missing) as caught:
        install(lay(tmp_path / "half", files), installed)
    assert caught.value.code is Code.MODEL_UNUSABLE
    assert not (installed / "half").exists()


def test_two_models_in_one_folder_are_not_chosen_between(tmp_path, installed):
    lay(tmp_path / "both" / "a")
    lay(tmp_path / "both" / "b")
    assert code_of(lambda: install(tmp_path / "both", installed)) is Code.MODEL_UNUSABLE


@pytest.mark.parametrize("name", ["../evil", "/evil", "m/../../evil", "..\\evil", "C:/evil"])
def test_an_archive_never_writes_outside_of_its_folder(tmp_path, installed, name):
    source = packed(tmp_path / "slip.zip")
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"evil")
    assert code_of(lambda: install(source, installed)) is Code.MODEL_UNUSABLE
    assert not list(tmp_path.rglob("*evil*"))
    assert left_over(installed) == []


def test_a_link_in_an_archive_or_folder_is_refused(tmp_path, installed, carried):
    source = packed(tmp_path / "link.zip")
    link = zipfile.ZipInfo(f"{NAME}/ivector")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr(link, "/etc")
    assert code_of(lambda: install(source, installed)) is Code.MODEL_UNUSABLE
    (carried / "ivector").symlink_to("/etc/hostname")
    assert code_of(lambda: install(carried, installed)) is Code.MODEL_UNUSABLE


def test_an_archive_that_swells_is_stopped(tmp_path, installed, monkeypatch):
    monkeypatch.setattr(folders, "SIZE_MOST", 100_000)
    bomb = packed(tmp_path / "bomb.zip", {**FILES, "graph/HCLr.fst": bytes(1_000_000)})
    assert bomb.stat().st_size < 10_000
    assert code_of(lambda: install(bomb, installed)) is Code.MODEL_UNUSABLE
    assert left_over(installed) == []


def test_sizes_that_an_archive_only_claims_are_not_believed(tmp_path, installed, monkeypatch):
    """The directory says 10 bytes, the member holds a million."""
    monkeypatch.setattr(folders, "SIZE_MOST", 100_000)
    source = packed(
        tmp_path / "liar.zip", {**FILES, "graph/HCLr.fst": bytes(1_000_000)}, compression=zipfile.ZIP_STORED
    )
    raw = source.read_bytes()
    true, claimed = (1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    source.write_bytes(raw.replace(true, claimed))
    assert code_of(lambda: install(source, installed)) is Code.MODEL_UNUSABLE


def test_thousands_of_files_are_refused(tmp_path, installed):
    source = packed(tmp_path / "many.zip", {**FILES, **{f"x/{i}": b"" for i in range(1001)}})
    assert code_of(lambda: install(source, installed)) is Code.MODEL_UNUSABLE


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_what_is_no_archive_is_refused(tmp_path, installed, content):
    (tmp_path / "broken.zip").write_bytes(content)
    assert code_of(lambda: install(tmp_path / "broken.zip", installed)) is Code.MODEL_UNUSABLE


def test_an_archive_with_a_damaged_member_is_refused(tmp_path, installed):
    source = packed(tmp_path / "damaged.zip", compression=zipfile.ZIP_STORED)
    raw = source.read_bytes()
    source.write_bytes(raw.replace(b"graph/Gr.fst" * 2, b"graph/Xr.fst" * 2, 1))
    assert code_of(lambda: install(source, installed)) is Code.MODEL_UNUSABLE


def test_what_is_not_there_cannot_be_fetched(tmp_path, installed):
    assert main(["models", "install", "--from", str(tmp_path / "nowhere"), "--folder", str(installed)]) == 1


# ── the commands ─────────────────────────────────────────────────────────────────────────────────


def test_the_commands_install_list_and_verify(carried, installed, tmp_path, capsys):
    manifest = tmp_path / "manifest.toml"
    manifest.write_text("model = []\n")
    where = ["--folder", str(installed), "--manifest", str(manifest)]
    assert main(["models", "install", "--from", str(carried), *where]) == 0
    assert f'model = "{NAME}"' in capsys.readouterr().out
    assert main(["models", "list", *where]) == 0
    assert NAME in capsys.readouterr().out
    assert main(["models", "verify", *where]) == 0
    assert capsys.readouterr().out == "1 right, 0 not\n"
    (installed / NAME / "README").unlink()
    assert main(["models", "verify", *where]) == 1
    assert Code.MODEL_ALTERED in capsys.readouterr().err


def test_a_folder_may_hold_weights_and_a_model(carried, installed, tmp_path, capsys):
    """Both are installed; the weights as before, by their file names."""
    (carried.parent / "w.onnx").write_bytes(b"weights")
    manifest = tmp_path / "manifest.toml"
    manifest.write_text(
        '[[model]]\nname = "w"\nfile = "w.onnx"\nversion = "1"\nlicence = "MIT"\nkind = "weights"\n'
        'needed_for = "liveness"\nsize = 7\norigin = "operator"\n'
        'sha256 = "9f1cbf2b8d2cde9d97d4ff1b2d4d4cf8a4e2a2e0d2fa7e7d9a1d1ce9e29c1c14"\n'
    )
    main(
        [
            "models",
            "install",
            "--from",
            str(carried.parent),
            "--folder",
            str(installed),
            "--manifest",
            str(manifest),
        ]
    )
    assert folders.verified(installed, NAME).is_dir()
    assert "w: what was found is not version 1" in capsys.readouterr().err
