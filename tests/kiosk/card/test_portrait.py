"""The vendor's library is a real shared library here, made with the C compiler; it only decodes less."""

import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from kiosk.card.portrait import BMP, HEIGHT, RAW, WIDTH, NoPortraitDecoder, VendorPortraitDecoder
from kiosk.codes import Code
from kiosk.errors import CardError, ModelError
from kiosk.ports import Context

CONTEXT = Context(resources=Path("."), models=Path("."), simulation=False, clock=time.monotonic)
PHOTO = bytes(range(256)) * 4

SOURCE = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void raw(unsigned char *out) { for (int i = 0; i < 38556; i++) out[i] = i / 306; }
int unpack(const char *wlt, char *out, int save) { raw((unsigned char *)out); return 1; }
int bmp(const char *wlt, char *out, int save) {
    memcpy(out, "BM", 2);
    for (int row = 0; row < 126; row++) memset(out + 54 + row * 308, 125 - row, 308);
    return 1;
}
int refuse(const char *wlt, char *out, int save) { raw((unsigned char *)out); return -5; }
int crash(const char *wlt, char *out, int save) { abort(); }
int segfault(const char *wlt, char *out, int save) { *(volatile int *)0 = 1; return 1; }
int overrun(const char *wlt, char *out, int save) { memset(out, 7, 1 << 26); return 1; }
int garbage(const char *wlt, char *out, int save) { memcpy(out, "BMxx", 4); return 1; }
int leak(const char *wlt, char *out, int save) {
    FILE *file = fopen(getenv("LEAK"), "wb");
    if (file) { fwrite(wlt, 1, 1024, file); fclose(file); }
    raw((unsigned char *)out);
    return 1;
}
int hang(const char *wlt, char *out, int save) { for (;;) {} }
int blank(const char *wlt, char *out, int save) { memset(out, 200, 38556); return 1; }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler to make a vendor's library with")
    folder = tmp_path_factory.mktemp("vendor")
    (folder / "wlt.c").write_text(SOURCE)
    made = folder / "libwlt.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", made, folder / "wlt.c"], check=True)
    return made


def decoder(library: Path, function: str, **more) -> VendorPortraitDecoder:
    settings = VendorPortraitDecoder.Settings(library=str(library), function=function, **more)
    return VendorPortraitDecoder(settings, CONTEXT)


def test_sizes():
    assert (RAW, BMP) == (38_556, 38_862)


@pytest.mark.parametrize("function", ["unpack", "bmp"])
def test_raw_pictures_and_bmp_come_out_upright(library, function):
    image = decoder(library, function).decode(PHOTO)
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert image.dtype == np.uint8
    assert (image[:, 0, 0] == np.arange(HEIGHT)).all()


def test_a_library_that_begins_at_the_bottom(library):
    image = decoder(library, "unpack", bottom_up=True).decode(PHOTO)
    assert (image[:, 0, 0] == np.arange(HEIGHT)[::-1]).all()


@pytest.mark.parametrize(
    "function", ["refuse", "crash", "segfault", "overrun", "garbage", "hang", "blank", "no_such_function"]
)
def test_whatever_the_library_does_is_one_code(library, function):
    with pytest.raises(CardError) as caught:
        decoder(library, function, timeout_s=1.0).decode(PHOTO)
    assert caught.value.code is Code.CARD_PORTRAIT_UNREADABLE


def test_a_photo_of_another_size_does_not_reach_the_library(library):
    with pytest.raises(CardError):
        decoder(library, "crash").decode(PHOTO[:-1])


@pytest.mark.parametrize("path", ["", "no/such/library.so"])
def test_no_library_is_a_missing_model(path):
    with pytest.raises(ModelError) as caught:
        VendorPortraitDecoder(VendorPortraitDecoder.Settings(library=path), CONTEXT)
    assert caught.value.code is Code.MODEL_MISSING


def test_without_a_library_the_visit_is_told_to_photograph_the_card():
    with pytest.raises(CardError) as caught:
        NoPortraitDecoder(NoPortraitDecoder.Settings(), CONTEXT).decode(PHOTO)
    assert caught.value.code is Code.CARD_PORTRAIT_PHOTOGRAPHED


def test_a_library_that_writes_the_photo_to_a_file_cannot(library, tmp_path, monkeypatch):
    leaked = tmp_path / "zp.wlt"
    monkeypatch.setenv("LEAK", str(leaked))
    image = decoder(library, "leak").decode(PHOTO)
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert not leaked.exists() or leaked.read_bytes() == b""


def test_a_crash_leaves_no_core(library, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(library.parent.iterdir())
    with pytest.raises(CardError):
        decoder(library, "segfault").decode(PHOTO)
    assert list(tmp_path.iterdir()) == []
    assert sorted(library.parent.iterdir()) == before
