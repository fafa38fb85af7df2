import logging

import pytest
from tests.support.catalogues import contract_document

from passerby.catalogue import keys
from passerby.catalogue.keys import ServerKey
from passerby.catalogue.repository import Repository
from passerby.errors import CorruptDataError


@pytest.fixture
def server_key(tmp_path):
    return ServerKey(tmp_path / "server.key")


def test_each_purpose_has_its_own_secret_and_keeps_it(server_key, tmp_path):
    again = ServerKey(tmp_path / "server.key")
    assert server_key.derive("tokens") == again.derive("tokens")
    assert len({server_key.derive("tokens"), server_key.derive("cursors"), (tmp_path / "server.key").read_bytes()}) == 3


def test_derivation_is_hkdf_sha256(tmp_path):
    """Pinned, so that an upgrade never ends every token: RFC 5869 with an empty salt, computed apart."""
    (tmp_path / "server.key").write_bytes(bytes(range(32)))
    (tmp_path / "server.key").chmod(0o600)
    assert ServerKey(tmp_path / "server.key").derive("tokens").hex() == (
        "1ff63f1b2cfa44ff0c0e821b32a792edb7eea0e6f65bea71199d51c422f2db68"
    )


def test_a_key_that_others_can_read_is_warned_of(tmp_path, caplog):
    ServerKey(tmp_path / "server.key")
    (tmp_path / "server.key").chmod(0o644)
    with caplog.at_level(logging.WARNING):
        ServerKey(tmp_path / "server.key")
    assert "chmod 600" in caplog.text


def test_a_key_of_the_wrong_length_is_refused(tmp_path):
    (tmp_path / "server.key").write_bytes(b"short")
    with pytest.raises(CorruptDataError, match="has 5 bytes instead of 32"):
        ServerKey(tmp_path / "server.key")


def test_no_temporary_file_stays(server_key, tmp_path):
    assert [path.name for path in tmp_path.iterdir()] == ["server.key"]


def test_what_is_sealed_can_be_read_back_only_for_its_own_credential(server_key):
    held = server_key.seal("camlytics", "pub-1", "sécret")
    assert server_key.unseal("camlytics", "pub-1", held) == "sécret"
    assert server_key.seal("camlytics", "pub-1", "sécret") != held
    with pytest.raises(CorruptDataError):
        server_key.unseal("camlytics", "pub-2", held)


def test_a_lost_key_is_explained_and_mended_by_giving_the_secret_again(tmp_path):
    with Repository(tmp_path) as repository:
        repository.apply(contract_document())
    (tmp_path / "server.key").unlink()
    with Repository(tmp_path) as repository:
        with pytest.raises(CorruptDataError, match=r"'pub-1' was encrypted with another server\.key"):
            repository.signing_secret("pub-1")
        assert repository.verify("quividi", "demo-token", "demo")
        signed = next(number for number, webhook in repository.current().webhooks.items() if webhook.signed)
        with pytest.raises(CorruptDataError, match=rf"webhook '{signed}' was encrypted with another server\.key"):
            repository.webhook_secret(signed)
        assert repository.feed("0123456789abcdef0123456789abcdef") is None
        assert repository.device_keys([3024]) == {}
        changes = repository.apply(contract_document())
        assert [str(change) for change in changes] == [
            "changed credential native sensor-3024: its key can be shown from now on",
            "changed credential camlytics pub-1: another secret",
            f"changed webhook {signed}: another secret",
            "changed feed Visitors: another secret",
        ]
        assert repository.signing_secret("pub-1")[1] == "ehsd7485746548574"
        assert repository.device_keys([3024]) == {3024: "9909e1d0933740f0811913647e3662e8"}


@pytest.mark.parametrize("dialect", ["native", "analytiks", "camlytics", "quividi", "seemetrix"])
def test_what_is_kept_matches_only_its_secret_and_does_not_hold_it(server_key, dialect):
    secret = keys.new_secret(dialect)
    held = keys.protect(server_key, dialect, "name", secret)
    assert secret not in held
    assert keys.matches(server_key, dialect, "name", secret, held)
    assert not keys.matches(server_key, dialect, "name", secret[:-1], held)
    assert not keys.matches(server_key, dialect, "name", secret + "\ud800", held)


def test_generated_secrets_have_256_bits():
    assert len(keys.new_secret("native")) == len("psb_") + 43  # base64url of 32 bytes
    assert len(bytes.fromhex(keys.new_secret("quividi"))) == 32
    assert len({keys.new_secret("native") for _ in range(100)}) == 100
