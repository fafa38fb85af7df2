"""Logs: one JSON object a line on stderr, or coloured lines on a terminal. Secrets never come here."""

from __future__ import annotations

import logging
import logging.config
import sys
from typing import Any

import structlog


def configure(*, pretty: bool | None = None, level: str = "INFO", lasting: bool = True) -> None:
    """Send the logs of Passerby and of the libraries it uses to stderr. `pretty` None: when it is a terminal.

    `lasting`: for good, which is quicker; a command that ends soon leaves its process as free as it was.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    to_terminal = sys.stderr.isatty() if pretty is None else pretty
    last: list[Any] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]  # the rich one shows values
        if to_terminal
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=lasting,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn", "uvicorn.error", "httpx", "alembic"):
        logging.getLogger(noisy).setLevel("WARNING")
    logging.getLogger("uvicorn.access").setLevel("CRITICAL")
