"""The picture that a clip is compared with: kept at opening of the credential, else the register's photo."""

from collections.abc import Callable

from central.credentials import reference_pictures
from central.security.personal_data import PersonalData
from central.storage.database import Database

Photo = Callable[[str, str], bytes | None]
"""Returns the register's photo of a person by name and number; None: it has none."""


class References:
    """Finds references. `photo`: asks the register; may take seconds and raise Problem."""

    def __init__(self, database: Database, protection: PersonalData, photo: Photo) -> None:
        self._database = database
        self._protection = protection
        self._photo = photo

    def find(self, name: str, number: str) -> bytes | None:
        """Return a picture of the person; None if there is none. Call it outside of transactions.

        Raises Problem 503 if the register does not answer.
        """
        with self._database.read() as session:
            kept = reference_pictures.find(session, self._protection, self._protection.person(number))
        return self._photo(name, number) if kept is None else kept
