"""A real mail server for tests."""

from aiosmtpd.controller import Controller


class Mailbox:
    """Takes messages; refuses recipients as told."""

    def __init__(self):
        self.taken = []
        self.refusals = {}

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802  # aiosmtpd's name
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802  # aiosmtpd's name
        self.taken.append((envelope.rcpt_tos[0], envelope.content, session.ssl is not None, session.authenticated))
        return "250 taken"


class Server(Controller):
    """A server on any free port: what is asked to begin it needs to know which."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
