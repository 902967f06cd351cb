"""A slip in the form that a printer or a folder takes."""

from io import BytesIO
from time import gmtime
from typing import Literal

from msgspec import Struct

from kiosk.model import Language
from kiosk.printing.document import Printed
from kiosk.printing.escpos import Bitmap, encode, raster
from kiosk.printing.raster import DOTS, drawn
from kiosk.printing.text_layout import lines

Form = Literal["raster", "escpos", "text", "png", "pdf"]
DOTS_PER_INCH = 203.0
"""Eight dots a millimetre, as receipt printers have."""
FILES: tuple[Form, ...] = ("png", "pdf")
"""Forms that are a file each; the others follow each other on paper or in one file."""


def check_language(language: str) -> None:
    """Raise ValueError unless `language` is a known one, or empty: that of the visit."""
    if language and language not in set(Language):
        raise ValueError(f"language must be empty or one of {', '.join(Language)}")


class Paper(Struct, frozen=True):
    """`language` empty: that of the visit."""

    form: Form
    width: Literal["58mm", "80mm"]
    language: str

    def made(self, printed: Printed) -> bytes:
        """The slip's bytes."""
        if self.form == "text":
            return "".join(f"{line}\n" for line in [*self._lines(printed), ""]).encode()
        if self.form == "escpos":
            return encode(self._lines(printed))
        picture = drawn(printed, self.language, DOTS[self.width])
        if self.form == "raster":
            inverted = picture.point(lambda level: 255 - level, mode="1")
            return raster(Bitmap(picture.width, picture.height, inverted.tobytes()))
        file = BytesIO()
        if self.form == "png":
            picture.save(file, "PNG", dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
        else:
            # Dated by the document, not by the clock, so that the same document always gives the same bytes.
            made = gmtime(printed.at_unix)
            picture.save(file, "PDF", resolution=DOTS_PER_INCH, creationDate=made, modDate=made)
        return file.getvalue()

    def _lines(self, printed: Printed) -> list[str]:
        return lines(printed, self.language, 32 if self.width == "58mm" else 48)
