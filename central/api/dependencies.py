"""Builds everything that routes need, once, and hands it to them."""

from dataclasses import dataclass, field
from functools import partial

from anyio import CapacityLimiter
from fastapi import Request

from central.activation.activations import Activations
from central.activation.authority import Authority, ask_reference
from central.activation.authority_driver import load_authority
from central.activation.authority_workers import AuthorityWorkers
from central.activation.measured_authority import MeasuredAuthority
from central.activation.recheck import Rechecker
from central.api.figures import Figures
from central.api.middleware import RateLimiter
from central.api.readiness import Readiness
from central.authentication.capture import Capture
from central.authentication.provider import Provider
from central.authentication.references import References
from central.authentication.verification_jobs import VerificationJobs
from central.fleet.signatures import TerminalKeys
from central.owners.acts import Owners
from central.phones.codes import PhoneCodes
from central.phones.driver import load_messages
from central.phones.messages import MessagePort
from central.privacy.maintenance import Maintenance
from central.security import keys as keys_
from central.security.keys import Keys
from central.security.personal_data import PersonalData
from central.settings import Settings
from central.storage import partitions, pool_metrics
from central.storage.clock import DatabaseClock
from central.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class Service:
    """What routes work with."""

    settings: Settings
    database: Database
    keys: Keys
    personal_data: PersonalData
    authority: Authority
    authority_workers: AuthorityWorkers  # for requests of terminals; the re-checker has its own
    messages: MessagePort | None
    phone_codes: PhoneCodes
    owners: Owners
    provider: Provider | None  # of online authentication; None: off
    verification_jobs: VerificationJobs | None  # the same
    references: References
    capture: Capture | None  # the same
    activations: Activations
    terminal_keys: TerminalKeys
    rechecker: Rechecker
    maintenance: Maintenance
    figures: Figures
    readiness: Readiness
    terminal_limiter: RateLimiter
    address_limiter: RateLimiter  # for enrolment, revocation and look-up, which anybody may try
    # Typed passwords are stretched by two threads at most: each needs a core and up to 256 MiB for a second.
    password_limiter: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))

    def close(self) -> None:
        """Stop all threads and close the database."""
        self.authority_workers.close(timeout_s=10.0)
        self.rechecker.stop()
        self.maintenance.stop()
        self.readiness.close()
        self.database.close()


def build(settings: Settings) -> Service:
    """Return the service of `settings`. Its database must have the tables of this release.

    Raises KeysError, LookupError, ValueError, SQLAlchemyError.
    """
    keys = keys_.load(settings.data / "keys", settings.sealing.new_key_after_s)
    database = Database(settings.database)
    pool_metrics.watch(database.engine)
    authority = load_authority(settings)
    measured, figures = MeasuredAuthority(authority), Figures(settings, database)
    messages = load_messages(settings)
    personal_data = PersonalData(keys.personal_data)
    clock = DatabaseClock(database)
    partitions.make_ahead(database.engine, partitions.SEEN_TOKENS, clock())  # before a row needs its part
    activations = Activations(
        database=database, keys=keys, authority=measured, settings=settings, clock=clock
    )
    jobs = _verification_jobs(settings)
    references = References(database, personal_data, partial(ask_reference, measured))
    workers = AuthorityWorkers(settings.authority.calls, settings.authority.timeout_s)
    phone_codes = PhoneCodes(
        database=database, personal_data=personal_data, port=messages, settings=settings.phone_codes
    )
    return Service(
        settings=settings,
        database=database,
        keys=keys,
        personal_data=personal_data,
        authority=authority,
        authority_workers=workers,
        messages=messages,
        phone_codes=phone_codes,
        owners=Owners(
            database=database,
            personal_data=personal_data,
            phone_codes=phone_codes,
            messages=messages,
            key=keys.challenge,
            keep=settings.retention,
        ),
        provider=_provider(settings, database, personal_data, clock),
        verification_jobs=jobs,
        references=references,
        capture=_capture(settings, database, personal_data, jobs, references, clock),
        activations=activations,
        terminal_keys=TerminalKeys(database),
        rechecker=Rechecker(
            activations,
            clock,
            AuthorityWorkers(settings.recheck.calls, settings.authority.timeout_s),
            workers,
            poll_s=settings.poll_s,
        ),
        maintenance=Maintenance(
            database, keys.challenge, settings.retention, clock, every_s=settings.prune_s
        ),
        figures=figures,
        readiness=Readiness(database, measured, figures, settings.observability.queue_s),
        terminal_limiter=RateLimiter(settings.requests.per_s, settings.requests.burst),
        address_limiter=RateLimiter(settings.requests.strangers_per_s, settings.requests.strangers_burst),
    )


def _provider(
    settings: Settings, database: Database, personal_data: PersonalData, clock: DatabaseClock
) -> Provider | None:
    issuer = settings.authentication.issuer
    if not issuer:
        return None
    return Provider(database=database, protection=personal_data, issuer=issuer, clock=clock)


def _capture(
    settings: Settings,
    database: Database,
    personal_data: PersonalData,
    jobs: VerificationJobs | None,
    references: References,
    clock: DatabaseClock,
) -> Capture | None:
    if jobs is None:
        return None
    return Capture(
        database=database,
        protection=personal_data,
        jobs=jobs,
        references=references,
        rules=settings.authentication.face,
        clock=clock,
    )


def _verification_jobs(settings: Settings) -> VerificationJobs | None:
    if not settings.authentication.issuer:
        return None
    key = keys_.verification_key(settings.data / "keys")
    return VerificationJobs(key, settings.authentication.verdict_wait_s)


def service(request: Request) -> Service:
    """Return the application's service; for routes: `Annotated[Service, Depends(service)]`."""
    found: Service = request.app.state.service
    return found
