"""`python -m central`: make keys, run the server, look after terminals."""

import argparse
import json
import logging
import os
import re
import sys
import time
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from central import __version__
from central.commands import alarms as alarm_commands
from central.commands import clerk, privacy
from central.fleet import alarms, audit, audit_heads, terminals
from central.protocol.messages import TERMINAL
from central.security import certificates, keys, process_hardening, sealing
from central.settings import Settings, SettingsError, load
from central.storage.database import Database, migrate
from central.storage.tables import Activation, Credential, Terminal


def main(arguments: list[str] | None = None) -> int:
    """0: done. 1: refused. 2: settings, keys or database cannot be used."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    options = _parser().parse_args(arguments)
    os.umask(0o077)  # what central writes is central's alone
    try:
        code: int = options.action(options)
    except (SettingsError, keys.KeysError, LookupError, ValueError, OSError, SQLAlchemyError) as error:
        print(f"central: {error}", file=sys.stderr)
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="central", description="The central server.")
    parser.add_argument("--version", action="version", version=__version__)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--data", type=Path, default=Path("var/central"), help="folder of keys and database")

    init = actions.add_parser("init", parents=[data], help="make keys and certificate; keep those that exist")
    init.add_argument("--host", action="append", help="name or address in the certificate; may be repeated")
    init.set_defaults(action=_init)
    run = actions.add_parser("run", parents=[data], help="serve")
    run.add_argument("--host", default="127.0.0.1")
    run.add_argument("--port", type=int, default=8443, help="0: any free one")
    run.add_argument("--cert", type=Path, help="default: <data>/keys/server.pem")
    run.add_argument("--key", type=Path, help="default: <data>/keys/server.key")
    run.add_argument(
        "--simulation", action="store_true", help="simulated terminals and register are accepted"
    )
    run.set_defaults(action=_run)
    code = actions.add_parser("enrol-code", parents=[data], help="a one-time code for a terminal")
    code.add_argument("terminal", type=_terminal_name)
    code.add_argument("--place", help="what slips name as the place")
    code.set_defaults(action=_enrol_code)
    revoke = actions.add_parser("revoke", parents=[data], help="a terminal's signatures count no more")
    revoke.add_argument("terminal")
    revoke.set_defaults(action=_revoke)
    fleet = actions.add_parser("fleet", help="the fleet")
    of_fleet = fleet.add_subparsers(required=True, metavar="ACTION")
    alarm_commands.add_show(of_fleet, data, _open)
    load_fleet = of_fleet.add_parser(
        "load", parents=[data], help="the first 45 points, or those of a CSV file"
    )
    load_fleet.add_argument("file", type=Path, nargs="?", default=terminals.FLEET)
    load_fleet.set_defaults(action=_fleet_load)
    alarm_commands.add(actions, data, _open)
    clerk.add(actions, data, _terminal_name, _open)
    privacy.add(actions, data, lambda options: (_settings(options), _open(options)))
    stick = argparse.ArgumentParser(add_help=False, parents=[data])
    stick.add_argument("stick", type=Path, help="folder of the USB stick")
    stick.add_argument("--simulation", action="store_true", help="as the server was started")
    take = actions.add_parser("import-requests", parents=[stick], help="take requests from a USB stick")
    take.set_defaults(action=_import_requests)
    give = actions.add_parser("export-receipts", parents=[stick], help="write signed answers onto the stick")
    give.add_argument("--challenges", type=int, default=100, help="new digits for each terminal on it")
    give.set_defaults(action=_export_receipts)
    seal = actions.add_parser(
        "rotate-sealing", parents=[data], help="one more key for sealing, handed out after the next start"
    )
    seal.add_argument("--algorithm", choices=(sealing.HPKE, sealing.SM), default=sealing.HPKE)
    seal.set_defaults(action=_rotate_sealing)
    audit_of = actions.add_parser("audit", help="terminals' audit logs")
    verify = audit_of.add_subparsers(required=True, metavar="ACTION").add_parser(
        "verify", parents=[data], help="check an export against the heads that central kept"
    )
    verify.add_argument("file", type=Path)
    verify.add_argument("--terminal", help="whose it is, if the export does not say so")
    verify.set_defaults(action=_audit_verify)
    actions.add_parser("show", parents=[data], help="counts").set_defaults(action=_show)
    actions.add_parser("openapi", help="print the OpenAPI document").set_defaults(action=_openapi)
    write = actions.add_parser("protocol", help="write OpenAPI document, schemas and examples")
    write.add_argument("folder", type=Path)
    write.set_defaults(action=_protocol)
    return parser


def _terminal_name(text: str) -> str:
    if not re.fullmatch(TERMINAL, text):
        raise argparse.ArgumentTypeError("letters, digits and . _ - only, 64 at most")
    return text


def _init(options: argparse.Namespace) -> int:
    folder = options.data / "keys"
    keys.make(folder)
    certificates.make(folder, options.host or ["localhost", "127.0.0.1", "::1"])
    _open(options).close()
    print(f"ready: terminals trust {folder / 'ca.pem'}")
    return 0


def _run(options: argparse.Namespace) -> int:
    from central.api.server import serve  # slow to import, and nothing but `run` needs it

    folder = options.data / "keys"
    certificate, key = options.cert or folder / "server.pem", options.key or folder / "server.key"
    keys.read_secret(key)
    if not options.simulation:
        process_hardening.no_dumps()
    serve(_settings(options), options.host, options.port, certificate, key)
    return 0


def _enrol_code(options: argparse.Namespace) -> int:
    valid_s = _settings(options).enrolment.code_valid_s
    database = _open(options)
    try:
        with database.write() as session:
            code = terminals.enrolment_code(session, options.terminal, options.place, time.time(), valid_s)
    except terminals.TerminalRevoked:
        print(f"{options.terminal} was revoked; enrol the terminal under another name", file=sys.stderr)
        return 1
    print(code)
    return 0


def _revoke(options: argparse.Namespace) -> int:
    with _open(options).write() as session:
        known = terminals.revoke(session, options.terminal, time.time())
    print(f"{options.terminal}: {'revoked' if known else 'not known'}")
    return 0 if known else 1


def _fleet_load(options: argparse.Namespace) -> int:
    with _open(options).write() as session:
        new = terminals.load_fleet(session, options.file)
    print(f"{new} new terminals")
    return 0


def _import_requests(options: argparse.Namespace) -> int:
    """1 if any was refused; the others were taken all the same."""
    from central.usb_transfer import opened  # the register and the web framework are slow to import

    said = list(opened(_settings(options), _open(options)).take(options.stick))
    for path, word in said:
        print(f"{path.parents[1].name} {path.stem}: {word}")
    print(f"{len(said)} requests")
    return 1 if any(word.startswith("refused") for _, word in said) else 0


def _export_receipts(options: argparse.Namespace) -> int:
    from central.usb_transfer import opened

    parcels = opened(_settings(options), _open(options))
    for terminal, given in parcels.answer(options.stick, options.challenges, time.time()):
        print(f"{terminal}: {given} receipts")
    return 0


def _rotate_sealing(options: argparse.Namespace) -> int:
    path = keys.rotate_sealing(options.data / "keys", options.algorithm)
    print(f"{path.name}: made; start central again, and terminals take it with their next contact")
    return 0


def _audit_verify(options: argparse.Namespace) -> int:
    header, rows = audit.split(options.file.read_bytes())
    terminal = options.terminal or str(header.get("terminal", ""))
    with _open(options).read() as session:
        anchors_ = audit_heads.kept(session, terminal)
        held = alarms.held(session, terminal)
    found = audit.check(rows, anchors_)
    if found.fault:
        print(f"{terminal}: record {found.at}: {found.fault} ({found.records} good records before)")
        return 1
    if held:
        print(f"{terminal}: {found.records} records, unbroken, but the log went back: see central alarms")
        return 1
    met = f"{found.anchors} of {len(anchors_)} heads of central's met"
    print(f"{terminal}: {found.records} records, unbroken; {met}")
    return 0


def _show(options: argparse.Namespace) -> int:
    with _open(options).read() as session:
        for name, column in (("terminals", Terminal.state), ("activations", Activation.status)):
            for value, count in session.execute(select(column, func.count()).group_by(column)).all():
                print(f"{name:<12} {value:<10} {count}")
        print(f"{'credentials':<23} {session.scalar(select(func.count()).select_from(Credential))}")
    return 0


def _openapi(options: argparse.Namespace) -> int:
    from central.api import protocol_documents as documents

    print(json.dumps(documents.openapi(), ensure_ascii=False, indent=2))
    return 0


def _protocol(options: argparse.Namespace) -> int:
    from central.api import protocol_documents as documents

    documents.write(options.folder)
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    return load(options.data, os.environ.get("DATABASE_URL", ""), getattr(options, "simulation", False))


def _open(options: argparse.Namespace) -> Database:
    database = Database(_settings(options).database)
    migrate(database.engine)
    return database


if __name__ == "__main__":
    sys.exit(main())
