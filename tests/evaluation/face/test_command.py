"""`kiosk evaluate face` whole, on two simulated people: real engines, real files."""

from functools import lru_cache

import cv2
import msgspec
import numpy as np
import pytest

from evaluation.__main__ import main
from evaluation.face.embeddings import JPEG, ORIGINAL_PHOTO, PHOTOGRAPHED, WEBP, MirroredEngine, darkened
from tests.support.faces import PHOTOS, engine, head, needs_models, photo

pytestmark = needs_models


@lru_cache
def frame(name: str, at: float) -> bytes:
    return cv2.imencode(".jpg", head(name).render(at))[1].tobytes()


@pytest.fixture
def data(tmp_path):
    """Two people, two takes of five frames each in which nobody blinks; two files that are no use."""
    for name in PHOTOS:
        for take in (1, 2):
            folder = tmp_path / "data" / name / str(take)
            folder.mkdir(parents=True)
            for i in range(5):
                (folder / f"{i}.jpg").write_bytes(frame(name, 16 + 4 * take + 0.7 * i))
    (folder / "broken.jpg").write_bytes(b"no picture")
    cv2.imwrite(str(folder / "wall.jpg"), np.full((120, 160, 3), 128, np.uint8))
    return tmp_path / "data"


def test_the_whole_measurement(data, tmp_path, capsys):
    found = tmp_path / "out" / "face.json"
    arguments = ["--driver", "sface", "--json", str(found), "--plots", str(tmp_path / "plots")]
    assert main(["face", "--data", str(data), *arguments]) == 0
    text = capsys.readouterr().out
    assert "1 no face found, 1 unreadable" in text
    (driver,) = msgspec.json.decode(found.read_bytes())["drivers"]
    assert driver["pictures"] == 20
    assert {c["reference"] for c in driver["conditions"]} == {ORIGINAL_PHOTO, JPEG, WEBP}
    assert len(driver["conditions"]) == 3 * 2
    assert "coaching: 20 ok" in driver["coaching"]
    for condition in driver["conditions"]:
        at = next(t for t in condition["figures"]["thresholds"] if t["threshold"] == 0.40)
        assert (at["fmr"]["errors"], at["fnmr"]["errors"]) == (0, 0), condition["reference"]
        assert at["fnmr"]["trials"] > 0
    assert [(v["reference"], v["coached"]) for v in driver["visits"]] == [
        (kind, coached) for coached in (False, True) for kind in (ORIGINAL_PHOTO, JPEG, WEBP)
    ]
    for visit in driver["visits"]:
        assert visit["not_acquired"] == [0, 4]
        assert visit["rates"]["accepted"]["errors"] == visit["rates"]["accepted"]["trials"] == 100
        assert visit["rates"]["stranger_accepted"]["errors"] == 0
        assert visit["rates"]["stranger_accepted"]["trials"] == 200
    assert sum(band["frames"] for band in driver["brightness"]) == 20
    assert all(band["missed"]["errors"] == band["strangers"]["errors"] == 0 for band in driver["brightness"])
    assert all(ms > 0 for ms in driver["cpu_ms"].values())
    assert sorted(p.name for p in (tmp_path / "plots").iterdir()) == ["sface-det.png", "sface-likeness.png"]
    assert "hopper" not in text + found.read_text(), "names of folders are names of people"


def test_a_photographed_card_and_frames_that_are_coached_away(data, tmp_path):
    """One take is too dark: the terminal would have said so, and not compared it."""
    for person in data.iterdir():
        for path in (person / "2").iterdir():
            if path.name not in ("0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg"):
                path.unlink()
    for path in sorted((data / "collins" / "1").iterdir()):
        dark = cv2.imread(str(path)) // 4
        cv2.imwrite(str(path), dark)
    found = tmp_path / "face.json"
    arguments = ["--driver", "sface", "--photographed", "--json", str(found)]
    assert main(["face", "--data", str(data), *arguments]) == 0
    (driver,) = msgspec.json.decode(found.read_bytes())["drivers"]
    conditions = {(c["reference"], c["probe"], c["mirrored"]): c for c in driver["conditions"]}
    acquired = {(v["reference"], v["coached"]): v["not_acquired"] for v in driver["visits"]}
    assert acquired[ORIGINAL_PHOTO, True] == [1, 4]
    assert acquired[ORIGINAL_PHOTO, False] == [0, 4]
    card = conditions[PHOTOGRAPHED, "mean of 5", False]
    assert card["unusable"] < 10
    at = next(t for t in card["figures"]["thresholds"] if t["threshold"] == 0.50)
    assert (at["fmr"]["errors"], at["fmr"]["trials"] > 0) == (0, True)


def test_odd_folders_and_files_do_not_stop_the_measurement(tmp_path):
    """Loose pictures, nested takes, a person with one picture, other kinds of files, unusable ones."""
    for name in PHOTOS:
        deep = tmp_path / name / "2024" / "morning"
        deep.mkdir(parents=True)
        picture = cv2.imdecode(np.frombuffer(frame(name, 20), np.uint8), cv2.IMREAD_COLOR)
        cv2.imwrite(str(deep / "a.png"), picture)
        cv2.imwrite(str(deep.parent / "b.WEBP"), picture[:, ::-1])
        cv2.imwrite(str(tmp_path / name / "grey.bmp"), cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
        cv2.imwrite(str(tmp_path / name / "dot.png"), picture[:1, :1])
        cv2.imwrite(str(tmp_path / name / "line.png"), picture[:1])
        (tmp_path / name / "empty.jpg").touch()
        (tmp_path / name / "folder.jpg").mkdir()
        (tmp_path / name / "notes.txt").write_text("not a picture")
    (tmp_path / "once").mkdir()
    (tmp_path / "once" / "c.jpg").write_bytes(frame("hopper", 21))
    (tmp_path / "loose.jpg").write_bytes(frame("hopper", 22))
    found = tmp_path / "face.json"
    arguments = ["--driver", "sface", "--mirrored", "--json", str(found)]
    assert main(["face", "--data", str(tmp_path), *arguments]) == 0
    (driver,) = msgspec.json.decode(found.read_bytes())["drivers"]
    assert {(c["reference"], c["mirrored"]) for c in driver["conditions"]} == {
        (kind, side) for kind in (ORIGINAL_PHOTO, JPEG, WEBP) for side in (False, True)
    }


def test_one_person_alone_cannot_be_measured(tmp_path, capsys):
    (tmp_path / "somebody").mkdir()
    for i in range(2):
        (tmp_path / "somebody" / f"{i}.jpg").write_bytes(frame("hopper", 20 + 0.7 * i))
    assert main(["face", "--data", str(tmp_path), "--driver", "sface"]) == 1
    assert "nothing to compare" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--data", "not-there"], "not a folder"), (["--data", ".", "--driver", "dlib9"], "dlib9")],
)
def test_bad_arguments_end_with_two(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["face", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_less_light_makes_darker_and_noisier_pictures():
    picture = photo("collins")
    dark = darkened(picture, 0.07, seed=1)
    assert dark.shape == picture.shape
    assert dark.mean() < 0.45 * picture.mean()
    assert np.array_equal(dark, darkened(picture, 0.07, seed=1))
    assert np.abs(darkened(picture, 1.0, 1).astype(float) - picture).mean() < 8


def test_the_mirrored_engine_sees_the_mirrored_picture():
    picture = photo("collins")
    here = engine().detect(picture)[0]
    there = MirroredEngine(engine()).detect(picture)[0]
    assert there.x + there.width / 2 == pytest.approx(picture.shape[1] - here.x - here.width / 2, abs=6)
    plain, mirrored = engine().embed(picture, here), MirroredEngine(engine()).embed(picture, there)
    assert 0.6 < float(plain @ mirrored) < 0.999
