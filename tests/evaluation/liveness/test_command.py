"""`kiosk evaluate pad`: counting, and the whole of it with the real nets where they are installed."""

from collections import Counter

import cv2
import msgspec
import numpy as np
import pytest

from evaluation.__main__ import main
from evaluation.attacks import SPECIES, make
from evaluation.liveness.presentations import find, frames, simulated
from evaluation.liveness.rates import (
    ALL_FRAMES,
    ScoredPresentation,
    apcer,
    bpcer,
    median_scores,
    threshold_for,
)
from evaluation.pictures import Skipped
from kiosk.codes import Code
from kiosk.errors import SettingsError
from tests.support.faces import MODELS, head, needs_antispoof, needs_models, photo


def live(*groups: list[float]) -> dict[str, list[float]]:
    return {str(i): scores for i, scores in enumerate(groups)}


def test_a_score_at_the_threshold_passes():
    assert apcer(live([0.2, 0.1]), 0.2, 1).errors == 1
    assert bpcer(live([0.2, 0.1]), 0.2, 1).errors == 1


def test_the_threshold_for_a_bpcer_rejects_no_more():
    scores = live(list(np.linspace(0, 1, 100)))
    for share in (0.0, 0.01, 0.03, 0.05):
        threshold = threshold_for(scores, share)
        assert threshold is not None
        assert bpcer(scores, threshold, 1).errors == round(100 * share)
    assert threshold_for({}, 0.01) is None


def test_medians_are_over_one_presentation_and_leave_the_rest_out():
    scored = [
        ScoredPresentation("print", "a", (0.9, 0.0, 0.1, 0.2, 0.3, 1.0)),
        ScoredPresentation("print", "a", (0.5,) * 4),
    ]
    assert median_scores(scored, "print", 5) == {"a": [0.2]}
    assert median_scores(scored, "print", 1)["a"] == [0.9, 0.0, 0.1, 0.2, 0.3, 1.0, 0.5, 0.5, 0.5, 0.5]
    assert median_scores(scored, "screen", 1) == {}
    assert median_scores(scored, "print", ALL_FRAMES) == {"a": [pytest.approx(0.25)]}, (
        "four frames are too few"
    )


def test_frames_of_one_person_make_the_interval_wide():
    """One of five people always fails."""
    rate = bpcer(live([0.0] * 50, *([1.0] * 50 for _ in range(4))), 0.2, 1)
    assert rate.value == pytest.approx(0.2)
    assert rate.high > 0.5


def test_no_attack_passed_is_not_never():
    rate = apcer(live([0.0] * 10), 0.2, 1)
    assert (rate.errors, rate.high) == (0, pytest.approx(0.2775, abs=1e-3))


def test_folders_are_species_people_and_takes(tmp_path):
    for name in (
        "live/p1/t1/a.jpg",
        "live/p1/t1/b.jpg",
        "live/p2/c.jpg",
        "print/x.jpg",
        "print/y.jpg",
        "replay/v.mp4",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = find(tmp_path)
    assert sorted((p.species, p.group, len(p.files)) for p in found) == [
        ("live", "p1", 2), ("live", "p2", 1),
        ("print", "x.jpg", 1), ("print", "y.jpg", 1), ("replay", "v.mp4", 1),
    ]  # fmt: skip


def test_without_live_faces_there_is_nothing_to_measure(tmp_path):
    (tmp_path / "print").mkdir()
    with pytest.raises(SettingsError) as caught:
        find(tmp_path)
    assert caught.value.code is Code.SETTINGS_BAD_VALUE


def test_what_is_simulated_is_called_so(tmp_path):
    made = simulated([tmp_path / "a.jpg", tmp_path / "b.jpg"], 5, seed=1)
    assert len(made) == 2 * (1 + len(SPECIES))
    assert all("simulated" in p.species for p in made)


def video(path, picture) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (640, 480))
    for i in range(10):
        writer.write(picture(i / 25))
    writer.release()


@needs_antispoof
@needs_models
def test_the_whole_measurement(tmp_path, capsys):
    """Live frames as photos, a print as a video; the laboratory beside them."""
    data = tmp_path / "data"
    (data / "live" / "someone" / "1").mkdir(parents=True)
    (data / "print").mkdir()
    for i in range(10):
        cv2.imwrite(str(data / "live" / "someone" / "1" / f"{i}.png"), head("collins").render(0.3 * i))
    (data / "live" / "broken.png").write_bytes(b"no picture")
    video(data / "print" / "held.avi", make("print", photo("hopper"), models=MODELS).render)
    found = tmp_path / "pad.json"
    arguments = ["--every", "1", "--simulate", "1", "--json", str(found), "--plots", str(tmp_path / "plots")]
    assert main(["pad", "--data", str(data), *arguments]) == 0
    text = capsys.readouterr().out
    assert "skipped: 1 unreadable" in text
    (driver,) = msgspec.json.decode(found.read_bytes())["drivers"]
    by = {(s["species"], s["frames"]): s for s in driver["species"]}
    setting = {key: s["rates"][0]["rate"] for key, s in by.items()}
    assert (setting["live", 1]["errors"], setting["live", 1]["trials"]) == (0, 10)
    assert (setting["print", 5]["errors"], setting["print", 5]["trials"]) == (0, 2)
    assert setting["print (simulated)", 1]["trials"] == 10
    assert setting["injected (simulated)", 5]["errors"] == 2, "passive detection does not see injection"
    assert len(list((tmp_path / "plots").iterdir())) == 2


@needs_models
def test_odd_folders_and_files_are_read_or_counted(tmp_path, capsys):
    """Nested deeper than people and takes, upper case, videos beside photos, what is no picture or empty."""
    data = tmp_path / "data"
    deep = data / "live" / "p" / "2024" / "morning"
    deep.mkdir(parents=True)
    (data / "print" / "q").mkdir(parents=True)
    (data / ".hidden").mkdir()
    (data / "empty species").mkdir()
    for i in range(5):
        cv2.imwrite(str(deep / f"{i}.PNG"), head("collins").render(0.3 * i))
    cv2.imwrite(str(data / "live" / "p" / "grey.bmp"), head("collins").render(0.1)[..., 0])
    cv2.imwrite(str(data / "live" / "dot.png"), np.zeros((1, 1, 3), np.uint8))
    video(data / "print" / "q" / "held.AVI", make("print", photo("hopper"), models=MODELS).render)
    (data / "print" / "q" / "cut.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    (data / "print" / "q" / "nothing.mov").touch()
    (data / "print" / "notes.txt").write_text("no picture")
    (data / "print" / "folder.jpg").mkdir()
    (data / "loose.jpg").write_bytes(b"")
    found = find(data)
    assert sorted((p.species, p.group, len(p.files)) for p in found) == [
        ("live", "dot.png", 1), ("live", "p", 1), ("live", "p", 5),
        ("print", "q", 1), ("print", "q", 1), ("print", "q", 1),
    ]  # fmt: skip
    skipped: Skipped = Counter()
    seen = {p.files[0].name: len(list(frames(p, 1, MODELS, skipped))) for p in found}
    assert seen == {"dot.png": 1, "grey.bmp": 1, "0.PNG": 5, "held.AVI": 10, "cut.mp4": 0, "nothing.mov": 0}
    assert skipped == {"unreadable": 2}


@needs_antispoof
@needs_models
def test_only_live_faces_are_no_measurement(tmp_path):
    (tmp_path / "live").mkdir()
    cv2.imwrite(str(tmp_path / "live" / "a.png"), head("collins").render(0.0))
    assert main(["pad", "--data", str(tmp_path)]) == 1
