"""`kiosk evaluate stream` on few simulated streams whose finding is not close."""

import json

import pytest

from evaluation import pictures
from evaluation.__main__ import main
from evaluation.stream.report import rows
from evaluation.stream.trials import LIVE, SPECIES, StreamTrial, StreamTrials
from kiosk import settings
from kiosk.model import StreamSeen
from tests.support.faces import MODELS, needs_models


@pytest.fixture(scope="module")
def streams():
    photos = [pictures.read_photo(p) for p in pictures.find_files(MODELS / "people", pictures.PHOTOS)][:1]
    return StreamTrials(photos, MODELS, settings.load().visit)


@needs_models
@pytest.mark.parametrize(
    ("species", "finding"),
    [("loop", "stream.repeated"), ("fast", "stream.timing"), ("computed", "stream.no_noise")],
)
def test_an_injected_stream_is_found(streams, species, finding):
    assert finding in streams.trial(species, 0, seed=4).findings


@needs_models
def test_a_live_head_is_not_refused_and_the_same_seed_gives_the_same_stream(streams):
    one, other = (streams.trial(LIVE, 0, seed=4) for _ in range(2))
    assert not one.refused
    assert one == other


@needs_models
def test_the_command_prints_and_writes_the_result(tmp_path, capsys):
    file = tmp_path / "stream.json"
    words = ["stream", "--simulate", "1", "--people", "1", "--species", "even", "--json", str(file)]
    assert main(words) == 0
    assert "SIMULATED" in capsys.readouterr().out
    report = json.loads(file.read_bytes())
    assert report["rows"][0]["refused"]["trials"] == 1
    assert len(report["trials"]) == 1


def test_rates_are_counted_by_species():
    def trial(species, findings, refused):
        return StreamTrial(species=species, person=0, findings=findings, refused=refused, seen=StreamSeen())

    refused = trial("loop", ("stream.repeated",), True)
    noticed = trial("loop", ("stream.still",), False)
    row, live = rows([refused, noticed, trial(LIVE, (), False)])
    assert (row.refused.errors, row.noticed.errors, row.refused.trials) == (1, 2, 2)
    assert row.findings == {"stream.repeated": 1, "stream.still": 1}
    assert (live.refused.errors, live.noticed.errors) == (0, 0)
    assert set(SPECIES) > {LIVE, "loop-50", "frozen", "computed-noise"}
