"""What real receivers do to an attempt."""

import asyncio
import datetime as dt
import socket
import ssl
import struct
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.support.receivers import receiving

from passerby.webhooks.posting import Poster


def post(url, *, timeout_s=10.0, allow_private=True, body=b"[]", times=1, **options):
    async def attempt():
        poster = Poster(timeout_s, **options)
        try:
            return [
                await poster.post(url, [("webhook-id", "m")], body, allow_private=allow_private) for _ in range(times)
            ]
        finally:
            await poster.close()

    found = asyncio.run(attempt())
    return found[0] if times == 1 else found


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_success(status):
    with receiving(status) as receiver:
        outcome = post(receiver.url)
    assert (outcome.delivered, outcome.status) == (True, status)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(status):
    def redirect(handler):
        handler.send_response(status)
        handler.send_header("Location", f"{receiver.url}/moved")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with receiving(redirect) as receiver:
        outcome = post(receiver.url)
        assert [got.path for got in receiver.arrived] == ["/"]
    assert (outcome.delivered, outcome.status) == (False, status)


@pytest.mark.parametrize(("status", "gone", "smaller"), [(500, False, False), (410, True, False), (413, False, True)])
def test_other_answers_are_failures(status, gone, smaller):
    with receiving(status) as receiver:
        outcome = post(receiver.url)
    assert (outcome.delivered, outcome.gone, outcome.smaller) == (False, gone, smaller)


def test_a_slow_answer_is_a_failure():
    """Also one that keeps coming, a byte at a time."""
    released = threading.Event()

    def slow(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not released.wait(0.05):
            handler.wfile.write(b"X-Still: here\r\n")

    with receiving(slow) as receiver:
        outcome = post(receiver.url, timeout_s=0.5)
        released.set()
    assert (outcome.delivered, outcome.text, outcome.smaller) == (False, "no answer in time", True)


def test_a_reset_is_a_failure():
    def reset(handler):
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        handler.close_connection = True
        raise ConnectionResetError

    with receiving(reset) as receiver:
        receiver._server.handle_error = lambda *_: None
        outcome = post(receiver.url)
    assert not outcome.delivered
    assert outcome.text.startswith("no connection")


def test_nobody_listening_is_a_failure():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        outcome = post(f"http://127.0.0.1:{free.getsockname()[1]}/?token=secret")
    assert not outcome.delivered
    assert "secret" not in outcome.text


def test_a_long_answer_is_not_read_to_its_end():
    def endless(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(1 << 40))
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(bytes(1 << 16))
        except OSError:
            handler.close_connection = True

    with receiving(endless) as receiver:
        began = time.monotonic()
        outcome = post(receiver.url)
        assert time.monotonic() - began < 9
    assert outcome.delivered


def test_a_loopback_address_is_refused_unless_allowed():
    with receiving() as receiver:
        refused = post(receiver.url, allow_private=False)
        named = post(receiver.url.replace("127.0.0.1", "localhost"), allow_private=False)
        assert receiver.arrived == []
        assert post(receiver.url).delivered
    assert "not public" in refused.text
    assert "not public" in named.text


def test_a_connection_is_used_again():
    peers = set()

    def note(handler):
        peers.add(handler.client_address)
        return 200

    with receiving(note) as receiver:
        outcomes = post(receiver.url, times=5)
    assert all(outcome.delivered for outcome in outcomes)
    assert len(peers) == 1


def certificate(folder, name):
    """A self-signed certificate for a host name; (server's context, client's context)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + pem)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / "server.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


def test_tls_asks_for_the_certificate_of_the_name_though_the_connection_goes_to_an_address(tmp_path):
    server, client = certificate(tmp_path, "hooks.example.com")

    async def here(host, port):
        return ["127.0.0.1"]

    with receiving() as receiver:
        receiver._server.socket = server.wrap_socket(receiver._server.socket, server_side=True)
        receiver._server.handle_error = lambda *_: None
        port = receiver._server.server_port
        right = post(f"https://hooks.example.com:{port}/", tls=client, resolve=here)
        wrong = post(f"https://other.example.com:{port}/", tls=client, resolve=here)
        assert [got.headers["host"] for _, got in receiver.received] == [f"hooks.example.com:{port}"]
    assert right.delivered
    assert not wrong.delivered
    assert "certificate" in wrong.text.lower()
