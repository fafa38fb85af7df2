"""Signatures are those of the specification's published examples."""

import base64
import hashlib
import hmac

import pytest

from passerby.webhooks.signing import headers, signature

PUBLISHED = [
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "whsec_plJ3nmyCDGBKInavdOK15jsl",
        "msg_loFOjxBNrRLzqYUf",
        1731705121,
        b'{"event_type":"ping","data":{"success":true}}',
        "rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    ),
]


@pytest.mark.parametrize(("secret", "message", "at", "body", "expected"), PUBLISHED)
def test_published_examples(secret, message, at, body, expected):
    assert signature(message, at, body, secret) == expected


def test_headers_with_and_without_a_secret():
    secret = "whsec_" + base64.b64encode(b"0" * 24).decode()
    by_hand = base64.b64encode(hmac.new(b"0" * 24, b"msg_1.5.[]", hashlib.sha256).digest()).decode()
    assert headers("msg_1", 5, b"[]", secret) == [
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "5"),
        ("webhook-signature", f"v1,{by_hand}"),
    ]
    assert headers("msg_1", 5, b"[]", None) == [("webhook-id", "msg_1"), ("webhook-timestamp", "5")]
