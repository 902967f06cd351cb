"""Lists the files that decide, and the tests that should notice a fault in each; the quickest tests first."""

from fnmatch import fnmatchcase
from pathlib import Path

_BOTH_ENDS = ("tests/contract",)
_VISIT = (
    "tests/kiosk/visit/test_thresholds.py",
    *_BOTH_ENDS,
    "tests/kiosk/visit",
    "tests/kiosk/activation/test_messages.py",
)
_FLEET = ("tests/central/test_fleet_rules.py",)
_EVIDENCE = (
    *_BOTH_ENDS,
    "tests/central/test_second_lines.py",
    "tests/central/test_minimum_thresholds.py",
    "tests/central/test_reviews.py",
    "tests/central/test_evidence.py",
    "tests/central/test_review_signatures.py",
    "tests/central/test_guardians.py",
)
_SETTLING = (
    "tests/central/test_settling.py",
    "tests/central/test_plausibility.py",
    "tests/central/test_review_signatures.py",
    "tests/central/test_activations.py",
    "tests/central/test_pending.py",
    "tests/central/test_guardians.py",
)
TESTS: dict[str, tuple[str, ...]] = {
    "kiosk/visit/*": _VISIT,
    "kiosk/production.py": ("tests/kiosk/test_production_values.py", "tests/kiosk/test_production.py"),
    "kiosk/activation/submission.py": (
        "tests/kiosk/activation/test_messages.py",
        "tests/kiosk/activation/test_submission.py",
        *_BOTH_ENDS,
    ),
    "kiosk/activation/messages.py": (
        "tests/kiosk/activation/test_messages.py",
        *_BOTH_ENDS,
        "tests/kiosk/activation/test_gateway.py",
    ),
    "central/activation/evidence.py": _EVIDENCE,
    "central/activation/minimum_thresholds.py": _EVIDENCE,
    "central/activation/reviews.py": _EVIDENCE,
    "central/activation/review_signatures.py": _EVIDENCE,
    "central/activation/guardians.py": _EVIDENCE,
    "central/activation/light_colours.py": _EVIDENCE,
    "central/activation/plausibility.py": ("tests/central/test_plausibility.py",),
    "central/activation/recheck_policy.py": (
        "tests/central/test_settling.py",
        "tests/central/test_pending.py",
    ),
    "central/activation/challenges.py": (
        "tests/central/test_challenges.py",
        "tests/central/test_settling.py",
        "tests/central/test_evidence.py",
    ),
    "central/activation/authority.py": ("tests/central/test_pending.py",),
    "central/activation/activations.py": _SETTLING,
    "central/credentials/lifecycle.py": ("tests/central/test_settling.py", "tests/central/test_lifecycle.py"),
    "central/fleet/signatures.py": ("tests/central/test_signatures.py", "tests/central/test_heartbeat.py"),
    "central/fleet/terminals.py": (
        *_FLEET,
        "tests/central/test_terminals.py",
        "tests/central/test_commands.py",
    ),
    "central/fleet/readers.py": ("tests/central/test_readers.py", *_BOTH_ENDS),
    "central/fleet/alarms.py": (*_FLEET, "tests/central/test_alarms.py", "tests/central/test_readers.py"),
    "central/fleet/audit_heads.py": ("tests/central/test_alarms.py", "tests/central/test_heartbeat.py"),
    "kiosk/staff/review_key.py": (*_BOTH_ENDS, "tests/kiosk/staff/test_attestation.py"),
    "central/fleet/clerk_keys.py": (*_FLEET, "tests/kiosk/staff/test_central_clerk_keys.py"),
    "central/fleet/clerks.py": (*_FLEET, "tests/central/test_clerks.py", "tests/central/test_reviews.py"),
}
"""Pattern of a file → its tests. The first pattern that fits counts."""


def deciding_files(root: Path) -> list[str]:
    """Return the paths of the files that decide, relative to `root`."""
    paths = (path.relative_to(root).as_posix() for path in root.glob("*/**/*.py"))
    return sorted(path for path in paths if tests_for(path))


def tests_for(path: str) -> tuple[str, ...]:
    """Return the tests of a file; none if it does not decide."""
    return next((tests for pattern, tests in TESTS.items() if fnmatchcase(path, pattern)), ())
