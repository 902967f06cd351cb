"""Lay blocks out on A4 pages and encode them as PDF, for an office printer."""

from io import BytesIO
from time import gmtime

from msgspec import Struct
from PIL import Image as Picture

from kiosk.model import DayReport
from kiosk.printing.day_report import report_blocks
from kiosk.printing.raster import draw_blocks
from kiosk.printing.slip import Block

DOTS_PER_INCH = 300.0
PAGE = (2480, 3508)
"""Dots of an A4 page."""
MARGIN = 190
"""Dots, 16 mm: more than any office printer leaves blank."""
REPORT_SCALE = 2.2
"""Type sizes for reading at a table: body 13.7 points."""


class Section(Struct, frozen=True):
    """Blocks in one language."""

    language: str
    blocks: list[Block]


def draw_pages(sections: list[Section], scale: float = REPORT_SCALE) -> list[Picture.Image]:
    """Return the pages; a block is never divided between two. `scale`: as of `draw_blocks`."""
    width, height = PAGE[0] - 2 * MARGIN, PAGE[1] - 2 * MARGIN
    pages: list[Picture.Image] = []
    y = height
    for section in sections:
        for block in section.blocks:
            strip = draw_blocks([block], section.language, width, scale)
            if y + strip.height > height or not pages:
                pages.append(Picture.new("1", PAGE, 1))
                y = 0
            pages[-1].paste(strip, (MARGIN, MARGIN + y))
            y += strip.height
    return pages


def encode_report(report: DayReport) -> bytes:
    """Return the report of a day as A4 pages in PDF."""
    pages = draw_pages([Section(report.language, report_blocks(report))])
    return encode_pdf(pages, report.at_unix)


def draw_one_page(sections: list[Section]) -> Picture.Image:
    """Return all sections on one page, in the largest type with which they fit."""
    width, height = PAGE[0] - 2 * MARGIN, PAGE[1] - 2 * MARGIN
    scale = 6.0
    while True:
        strips = [draw_blocks(section.blocks, section.language, width, scale) for section in sections]
        if sum(strip.height for strip in strips) <= height:
            break
        scale *= 0.95
    page, y = Picture.new("1", PAGE, 1), MARGIN
    for strip in strips:
        page.paste(strip, (MARGIN, y))
        y += strip.height
    return page


def encode_pdf(pages: list[Picture.Image], at_unix: float) -> bytes:
    """Return the pages as PDF; the same pages and time always give the same bytes."""
    file, made = BytesIO(), gmtime(at_unix)
    pages[0].save(
        file,
        "PDF",
        resolution=DOTS_PER_INCH,
        save_all=True,
        append_images=pages[1:],
        creationDate=made,
        modDate=made,
    )
    return file.getvalue()
