import logging

import pytest
from tests.support.catalogues import SECRETS, contract_document, small_document

from passerby.catalogue import keys
from passerby.catalogue.repository import Repository
from passerby.errors import ConflictError, InvalidInputError, NotFoundError


@pytest.fixture
def repository(tmp_path):
    with Repository(tmp_path) as opened:
        opened.apply(contract_document())
        yield opened


@pytest.fixture
def hashed(monkeypatch):
    """The password hashes that were computed."""
    computed = []
    real = keys.password_matches
    monkeypatch.setattr(keys, "password_matches", lambda *given: computed.append(given[1]) or real(*given))
    return computed


def test_an_unknown_name_is_hashed_as_a_known_one_is(repository, hashed):
    assert repository.verify("analytiks", "x", "nobody") is None
    assert repository.verify("analytiks", "x", "demo") is None
    parameters = [held.rsplit("$", 2)[0] for held in hashed]
    assert parameters == ["$argon2id$v=19$m=19456,t=2,p=1"] * 2


def test_a_right_password_is_hashed_once_a_wrong_one_each_time(repository, hashed):
    for _ in range(3):
        assert repository.verify("analytiks", "demo-secret", "demo")
        assert repository.verify("analytiks", "demo-secrets", "demo") is None
    assert len(hashed) == 4


def test_a_remembered_password_ends_with_its_credential(repository):
    assert repository.verify("analytiks", "demo-secret", "demo")
    document = contract_document()
    document["credentials"][0]["client_secret"] = "new"
    repository.apply(document)
    assert repository.verify("analytiks", "demo-secret", "demo") is None
    credential = repository.verify("analytiks", "new", "demo")
    repository.revoke(credential.id)
    assert repository.verify("analytiks", "new", "demo") is None


def test_a_remembered_password_is_not_another_names(repository):
    issued = repository.create_credential("analytiks", name="de")
    assert repository.verify("analytiks", issued.secret, "de")
    assert repository.verify("analytiks", f"mo {issued.secret}", "de") is None


@pytest.mark.parametrize("dialect", ["native", "analytiks", "camlytics", "quividi", "seemetrix"])
def test_a_created_credential_works_until_it_is_revoked(repository, dialect):
    issued = repository.create_credential(dialect, brands=[1234], sites=[1])
    name = issued.credential.name
    found = repository.verify(dialect, issued.secret, name)
    assert found == issued.credential
    assert (found.brand_ids, found.site_ids) == ({1234}, {1})
    assert issued.secret in issued.document().values()
    assert repository.revoke(found.id) == found
    assert repository.verify(dialect, issued.secret, name) is None
    with pytest.raises(NotFoundError):
        repository.revoke(found.id)


def test_ids_of_revoked_credentials_are_not_given_again(repository):
    first = repository.create_credential("native").credential
    repository.revoke(first.id)
    assert repository.create_credential("native").credential.id > first.id


def test_a_secret_of_one_dialect_opens_no_other(repository):
    assert repository.verify("seemetrix", "psb_demo_key") is None
    assert repository.verify("native", "d482d4c3c4bd4dd796abccf726ae1266") is None
    assert repository.verify("quividi", "demo-secret", "demo") is None
    assert repository.signing_secret("demo") is None


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"brands": [9]}, InvalidInputError, "brand: the account has no brand 9"),
        (
            {"sites": [9, 1000]},
            InvalidInputError,
            "site: the account has no site 9; site: the account has no site 1000",
        ),
        ({"name": "taken"}, ConflictError, "there is a native credential taken already"),
        ({"account_id": 5}, NotFoundError, "there is no account 5"),
        ({"account_id": None}, InvalidInputError, "account: name one of the accounts 1, 632"),
    ],
)
def test_a_credential_is_narrowed_only_to_what_its_account_has(repository, arguments, error, message):
    repository.apply(small_document(1, first=1000))
    repository.create_credential("native", account_id=632, name="taken")
    with pytest.raises(error) as refused:
        repository.create_credential("native", **({"account_id": 632} | arguments))
    assert refused.value.message == message


def test_without_an_account_there_is_nothing_to_make_a_credential_for(tmp_path):
    with Repository(tmp_path) as repository, pytest.raises(InvalidInputError, match="apply a catalogue file first"):
        repository.create_credential("native")


def test_no_secret_is_in_any_file_text_or_log(tmp_path, caplog):
    with caplog.at_level(logging.DEBUG), Repository(tmp_path) as repository:
        changes = repository.apply(contract_document())
        issued = [repository.create_credential(dialect) for dialect in ("native", "analytiks", "camlytics", "quividi")]
        repository.verify("analytiks", "demo-secret", "demo")
        repository.verify("analytiks", "wrong-secret", "demo")
        shown = f"{changes} {issued} {vars(repository)} {repository.current()} {vars(repository._state.ring)}"
        files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    files += b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Manhattan store" in files
    for secret in (*SECRETS, "wrong-secret", *(one.secret for one in issued)):
        assert secret.encode() not in files
        assert secret not in shown
        assert secret not in caplog.text
