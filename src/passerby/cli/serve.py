"""`passerby serve`: the server."""

from __future__ import annotations

import contextlib
import gc
import os
from pathlib import Path
from typing import Annotated

import structlog
import typer

from passerby import logs
from passerby.cli import UsageError
from passerby.errors import UnavailableError

_log = structlog.get_logger("passerby")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(  # noqa: PLR0913, PLR0917  # one parameter an option, as typer wants
    data: Annotated[Path, typer.Option(help="The data directory; made when it does not exist.")],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0: any free one.", min=0, max=65535)] = 8080,
    catalogue_url: Annotated[str | None, typer.Option(help="Another catalogue database; not in this release.")] = None,
    store_url: Annotated[str | None, typer.Option(help="Another fact store; not in this release.")] = None,
    catalogue: Annotated[Path | None, typer.Option(help="A catalogue file to apply at start.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="Speak TLS: the certificate with its chain, PEM.")] = None,
    certificate_key: Annotated[Path | None, typer.Option(help="The certificate's private key, PEM.")] = None,
) -> None:
    """Serve: take observations, answer for metrics.

    Example: passerby serve --data ./data --catalogue network.yaml --host 0.0.0.0 --port 8080
    """
    from passerby.catalogue.repository import read_catalogue_file  # noqa: PLC0415
    from passerby.cli.people import invite  # noqa: PLC0415
    from passerby.maintenance.control import listening  # noqa: PLC0415
    from passerby.services import open_services  # noqa: PLC0415
    from passerby.serving import Certificate, server  # noqa: PLC0415

    if (certificate is None) != (certificate_key is None):
        raise UsageError("give --certificate and --certificate-key together")
    tls = Certificate(certificate, certificate_key) if certificate is not None and certificate_key is not None else None
    if tls is not None:
        tls.check()
    logs.configure()
    os.umask(0o077)  # whatever the engines write beside their files is the owner's too
    document = read_catalogue_file(catalogue) if catalogue is not None else None
    services = open_services(data, catalogue_url=catalogue_url, store_url=store_url)
    with contextlib.closing(services):
        if document is not None:
            changes = services.catalogue.apply(document)
            _log.info("catalogue applied", file=str(catalogue), changes=len(changes))
        running = server(services, host, port, tls)
        running.once_listening = lambda address: invite(services.people, address)
        # Rows are tuples by the hundred thousand and never refer back: looking for cycles after every 700 new ones
        # took a fifth of what ingest does.
        gc.set_threshold(50_000, 20, 20)
        try:
            services.webhooks.start()
            with listening(services):
                running.run()
        except SystemExit:
            reason = _reason(running.failure) if running.failure else "see the log"
            raise UnavailableError(f"cannot listen on {host}:{port}: {reason}") from None


def _reason(error: OSError) -> str:
    """What is wrong, in the words of the system alone."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
