"""Encode a document in the format that a printer or a folder takes."""

from io import BytesIO
from time import gmtime
from typing import Literal

from msgspec import Struct

from kiosk.model import Language
from kiosk.printing.document import PrintDocument
from kiosk.printing.escpos import Bitmap, encode_bitmap, encode_text
from kiosk.printing.raster import DOTS, draw
from kiosk.printing.text_layout import format_lines

OutputFormat = Literal["raster", "escpos", "text", "png", "pdf"]
FILE_FORMATS: tuple[OutputFormat, ...] = ("png", "pdf")
"""Formats with a file for each document; in the others documents follow each other."""
DOTS_PER_INCH = 203.0
"""Eight dots a millimetre, as receipt printers have."""


def check_language(language: str) -> None:
    """Raise ValueError unless `language` is a known one, or empty: that of the visit."""
    if language and language not in set(Language):
        raise ValueError(f"language must be empty or one of {', '.join(Language)}")


class DocumentEncoder(Struct, frozen=True):
    """Output format, paper width and language of a printer; an empty language is that of the visit."""

    form: OutputFormat
    width: Literal["58mm", "80mm"]
    language: str

    def encode(self, document: PrintDocument) -> bytes:
        """Return the document's bytes; the same document always gives the same bytes."""
        return b"".join(self.commands(document))

    def commands(self, document: PrintDocument) -> list[bytes]:
        """Return the same bytes, in parts between which a printer may be asked for its status."""
        columns = 32 if self.width == "58mm" else 48
        if self.form == "text":
            lines = [*format_lines(document, self.language, columns), ""]
            return ["".join(f"{line}\n" for line in lines).encode()]
        if self.form == "escpos":
            return encode_text(format_lines(document, self.language, columns))
        picture = draw(document, self.language, DOTS[self.width])
        if self.form == "raster":
            inverted = picture.point(lambda level: 255 - level, mode="1")
            return encode_bitmap(Bitmap(picture.width, picture.height, inverted.tobytes()))
        file = BytesIO()
        if self.form == "png":
            picture.save(file, "PNG", dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
        else:
            made = gmtime(document.at_unix)  # the document's own time, not the clock's
            picture.save(file, "PDF", resolution=DOTS_PER_INCH, creationDate=made, modDate=made)
        return [file.getvalue()]
