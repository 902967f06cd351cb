"""The attack laboratory: presentation and injection attacks made from one portrait, with physical parameters.

Each species is a file here with a class whose `render(at)` gives what the camera sees at `at` seconds, like
`simulators.head.Head`, so that it can stand before the simulated camera. Species follow ISO/IEC 30107-1:
artefacts that are presented to the camera (print, cut-out mask, screen, still photograph) and pictures that
never passed one (loop, injected). It is simulation: it exercises checks and shows what they react to, and
proves nothing about real attacks. Reports say "simulated".
"""

from evaluation.attacks.species import SPECIES, Attack, make

__all__ = ["SPECIES", "Attack", "make"]
