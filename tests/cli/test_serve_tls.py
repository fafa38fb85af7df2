"""`passerby serve` with a certificate."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tests.support.servers import ServerProcess

from passerby.cli import run


def write(folder, *, password=None):
    """A self-signed certificate of 127.0.0.1 and its key."""
    folder.mkdir(exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "passerby")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(Encoding.PEM))
    sealed = BestAvailableEncryption(password) if password else NoEncryption()
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed))
    return chain, private


def test_it_answers_over_tls_only(tmp_path):
    chain, key = write(tmp_path / "tls")
    server = ServerProcess(tmp_path / "data", "--certificate", chain, "--certificate-key", key)
    try:
        assert server.url.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=str(chain))
        assert httpx.get(f"{server.url}/healthz", verify=trusting).status_code == 200
        with pytest.raises(httpx.HTTPError):
            httpx.get(server.url.replace("https", "http") + "/healthz")
        assert server.stop() == 0
    finally:
        if server.process.poll() is None:
            server.kill()


def test_what_cannot_be_used_is_named(tmp_path, capsys):
    chain, key = write(tmp_path / "tls")
    _, another = write(tmp_path / "other")
    _, sealed = write(tmp_path / "sealed", password=b"secret")
    for given, status, said in (
        ((chain,), 2, "give --certificate and --certificate-key together"),
        ((chain, tmp_path / "none.pem"), 1, "none.pem: No such file"),
        ((chain, another), 1, "are not a PEM certificate and its own unencrypted private key"),
        ((chain, sealed), 1, "the key is encrypted"),
        ((key, key), 1, "are not a PEM certificate"),
    ):
        options = [f"{name}={path}" for name, path in zip(("--certificate", "--certificate-key"), given, strict=False)]
        assert run(["serve", "--data", str(tmp_path / "data"), *options]) == status
        assert said in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
