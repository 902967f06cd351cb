"""Simulated presentation and injection attacks, made from one portrait, with physical parameters.

Each presentation attack instrument (PAI) species of ISO/IEC 30107 has a file here, with a class whose
`render(at)` gives what the camera sees at `at` seconds, like `simulators.head.SimulatedHead`, so that it can
stand before the simulated camera: artefacts that are presented to the camera (print, cut-out mask, screen,
still photograph), and pictures that are injected in its place (loop, injected). It is simulation: it
exercises checks and shows what they react to, and proves nothing about real attacks. Reports say "simulated".
"""

from evaluation.attacks.species import SPECIES, AttackInstrument, make

__all__ = ["SPECIES", "AttackInstrument", "make"]
