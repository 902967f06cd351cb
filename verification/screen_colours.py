"""The four colours of the light challenge as a page fills the screen with them (sRGB, 8 bits)."""

from kiosk.visit.rules.light import LINEAR

_NEAR = 6
"""Levels by which a page's rounding may differ."""


def _level(light: float) -> int:
    """Return the sRGB level of linear light (IEC 61966-2-1)."""
    coded = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return round(255 * coded)


COLOURS: dict[str, tuple[int, int, int]] = {
    letter: (_level(light[0]), _level(light[1]), _level(light[2])) for letter, light in LINEAR.items()
}


def letter_of(rgb: tuple[int, int, int]) -> str | None:
    """Return which colour of the challenge this is; None: none."""
    for letter, colour in COLOURS.items():
        if all(abs(a - b) <= _NEAR for a, b in zip(rgb, colour, strict=True)):
            return letter
    return None
