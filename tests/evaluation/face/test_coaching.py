"""`kiosk evaluate coaching`: streams through the real watcher."""

import cv2
import msgspec
import numpy as np

from evaluation.__main__ import main
from tests.support.faces import head, needs_models

pytestmark = needs_models


def stream(folder, count: int, **pose) -> None:
    folder.mkdir(parents=True)
    for i in range(count):
        cv2.imwrite(str(folder / f"{i:03d}.png"), head("collins").render(20 + i / 15, **pose))


def test_a_person_at_the_right_distance_is_done_soon_and_one_too_far_never(tmp_path, capsys):
    stream(tmp_path / "well", 15)
    stream(tmp_path / "far", 10, scale=0.45)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    found = tmp_path / "coaching.json"
    assert main(["coaching", "--data", str(tmp_path), "--json", str(found)]) == 0
    report = msgspec.json.decode(found.read_bytes())
    far, well = report["streams"]
    assert report["skipped"] == 1
    assert (far["enough_s"], far["good"], far["told"]) == (None, 0, 1)
    assert set(far["said"]) == {"face.too_far"}
    assert 4 / 15 - 0.01 <= well["enough_s"] < 1.0
    assert well["told"] == 0
    assert "1 of 2 came to 5 good frames, 1 of them in less than 3 s" in capsys.readouterr().out


def test_without_streams_there_is_nothing_to_measure(tmp_path):
    assert main(["coaching", "--data", str(tmp_path)]) == 1


def test_a_video_runs_at_its_own_pace(tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, (640, 480))
    for i in range(10):
        writer.write(np.asarray(head("collins").render(20 + i / 10)))
    writer.release()
    found = tmp_path / "coaching.json"
    assert main(["coaching", "--data", str(tmp_path), "--json", str(found)]) == 0
    (one,) = msgspec.json.decode(found.read_bytes())["streams"]
    assert (one["looked"], one["seconds"]) == (10, 0.9)
