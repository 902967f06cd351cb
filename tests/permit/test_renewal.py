"""Whether a new endorsement can be asked for on the phone."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from permit.domain.dates import add_months
from permit.domain.endorsements import Purpose, Region
from permit.domain.renewal import ON_THE_PHONE, Permit, RenewalRefusal, Wish, renewal_refusals

TODAY = date(2026, 11, 30)
GOOD = Permit("C12345678", "Guangdong", date(2030, 1, 1))
WISH = Wish(Region.MACAO, Purpose.INDIVIDUAL, 3, 1)


def test_a_good_wish_has_no_refusal():
    assert renewal_refusals(GOOD, WISH, TODAY) == []


@pytest.mark.parametrize(
    ("expires", "refusal"),
    [
        (TODAY - timedelta(days=1), RenewalRefusal.PERMIT_EXPIRED),
        (TODAY, RenewalRefusal.PERMIT_EXPIRES_SOON),
        (date(2027, 2, 27), RenewalRefusal.PERMIT_EXPIRES_SOON),
        (date(2027, 2, 28), None),  # three months after 30 November
    ],
)
def test_a_permit_that_lapses_is_replaced_first(expires, refusal):
    found = renewal_refusals(Permit("C12345678", "Guangdong", expires), WISH, TODAY)
    assert found == ([refusal] if refusal else [])


def test_another_province_is_told():
    permit = Permit("C12345678", "Hunan", GOOD.expires)
    assert renewal_refusals(permit, WISH, TODAY) == [RenewalRefusal.OTHER_PROVINCE]


@pytest.mark.parametrize("purpose", set(Purpose) - ON_THE_PHONE)
def test_other_classes_are_for_an_office(purpose):
    wish = Wish(Region.MACAO, purpose, 3, 1)
    assert renewal_refusals(GOOD, wish, TODAY) == [RenewalRefusal.AT_AN_OFFICE]


def test_terms_that_do_not_exist():
    wish = Wish(Region.MACAO, Purpose.INDIVIDUAL, 3, 2)  # two entries are for Hong Kong only
    assert renewal_refusals(GOOD, wish, TODAY) == [RenewalRefusal.NO_SUCH_TERMS]
    assert renewal_refusals(GOOD, Wish(Region.HONG_KONG, Purpose.INDIVIDUAL, 3, 2), TODAY) == []


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_longer_permit_is_never_worse(one, other):
    sooner, later = sorted((one, other))
    found = [renewal_refusals(Permit("C12345678", "Guangdong", day), WISH, TODAY) for day in (sooner, later)]
    assert len(found[1]) <= len(found[0])
    assert add_months(TODAY, 3) > sooner or not found[0]
