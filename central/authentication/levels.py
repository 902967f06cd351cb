"""Levels of an authentication, the values of `acr`, from the lowest to the highest."""

from enum import StrEnum


class Level(StrEnum):
    """How sure it is that the person is who was expected."""

    FACE = "urn:central:acr:face"  # face and digits, compared with the register's photo
    CREDENTIAL = "urn:central:acr:credential"  # a credential opened at a terminal, and its password
    CREDENTIAL_FACE = "urn:central:acr:credential+face"  # both
