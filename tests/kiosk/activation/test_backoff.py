import pytest

from kiosk.activation.backoff import delay


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (9, 256), (10, 300), (10**6, 300)]
)
def test_it_doubles_up_to_the_longest(tries, seconds):
    assert delay(tries, 1.0, 300.0, 0.0, lambda: 0.7) == seconds


@pytest.mark.parametrize(("drawn", "seconds"), [(0.0, 8.0), (0.5, 6.0), (1.0, 4.0)])
def test_the_random_share_only_shortens(drawn, seconds):
    assert delay(4, 1.0, 300.0, 0.5, lambda: drawn) == seconds
