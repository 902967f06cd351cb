"""Derives the colours of a challenge's light, as `resources/protocol` says, to check verdicts."""

from hashlib import sha256

LETTERS = "BAGR"


def colours(challenge: str, count: int) -> str:
    """Return `count` letters for the challenge with this id; none twice in a row."""
    stream: list[int] = []
    block = 0
    while len(stream) < count:
        digest = sha256(f"kiosk-light-v1|{challenge}|{block}".encode()).digest()
        stream += [byte for byte in digest if byte < 255]
        block += 1
    index, letters = 0, ""
    for i, byte in enumerate(stream[:count]):
        index = (index + 1 + byte % 3) % 4 if i else byte % 4
        letters += LETTERS[index]
    return letters
