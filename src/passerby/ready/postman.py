"""Requests as a Postman collection (format v2.1), which Bruno and others import too.

Secrets are variables of the collection, empty until their owner fills them in. Where a dialect wants more than a header
(Analytiks a token that is asked for first, Camlytics a signature) a script of its folder does it, as clients do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import quote

from passerby.catalogue.model import DialectName
from passerby.dialects.analytiks.auth import AUDIENCE
from passerby.ready.requests import ReadyRequest

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_NAMES: dict[DialectName, str] = {
    "native": "Passerby",
    "analytiks": "Analytiks",
    "camlytics": "Camlytics",
    "quividi": "Quividi",
    "seemetrix": "Seemetrix",
}
_VARIABLES: dict[DialectName, tuple[str, ...]] = {
    "native": ("passerby_key",),
    "analytiks": ("analytiks_client_id", "analytiks_client_secret"),
    "camlytics": ("camlytics_public_key", "camlytics_secret_key"),
    "quividi": ("quividi_username", "quividi_token"),
    "seemetrix": ("seemetrix_user_key",),
}
_TOKEN_SCRIPT = f"""
pm.sendRequest({{
  url: pm.variables.get('base_url') + '/',
  method: 'POST',
  header: {{'Content-Type': 'application/json'}},
  body: {{mode: 'raw', raw: JSON.stringify({{
    client_id: pm.variables.get('analytiks_client_id'),
    client_secret: pm.variables.get('analytiks_client_secret'),
    audience: '{AUDIENCE}',
    grant_type: 'client_credentials'
  }})}}
}}, (error, answer) => {{
  if (error) throw error;
  pm.variables.set('analytiks_token', answer.json().access_token);
}});
"""
# The secret signs path and query exactly as they are sent; the nonce only has to grow.
_SIGNATURE_SCRIPT = """
pm.request.url.query.upsert({key: 'nonce', value: String(Date.now())});
const target = pm.request.url.getPathWithQuery();
const CryptoJS = require('crypto-js');
const signature = CryptoJS.HmacSHA512(target, pm.variables.get('camlytics_secret_key')).toString();
pm.request.headers.upsert({key: 'X-Key', value: pm.variables.get('camlytics_public_key')});
pm.request.headers.upsert({key: 'X-Sign', value: signature});
"""


def collection(name: str, address: str, requests: Sequence[ReadyRequest]) -> dict[str, Any]:
    """The collection as a document; `address` is where the server answers, without a slash at its end."""
    folders = [_folder(dialect, list(found)) for dialect, found in groupby(requests, lambda one: one.dialect)]
    used = [variable for dialect in _VARIABLES for variable in _VARIABLES[dialect]]
    return {
        "info": {
            "name": name,
            "description": "Fill in the variables of the APIs that you use; the secrets are shown once, when a "
            "credential is made.",
            "schema": _SCHEMA,
        },
        "variable": [{"key": "base_url", "value": address}, *({"key": one, "value": ""} for one in used)],
        "item": folders,
    }


def _folder(dialect: DialectName, requests: Sequence[ReadyRequest]) -> dict[str, Any]:
    made: dict[str, Any] = {"name": _NAMES[dialect], "item": [_item(request) for request in requests]}
    auth = _AUTH.get(dialect)
    if auth is not None:
        made["auth"] = auth
    script = _SCRIPTS.get(dialect)
    if script is not None:
        lines = script.strip().splitlines()
        made["event"] = [{"listen": "prerequest", "script": {"type": "text/javascript", "exec": lines}}]
    return made


def _item(request: ReadyRequest) -> dict[str, Any]:
    path = request.path.removeprefix("/").split("/")
    query = [{"key": key, "value": quote(value, safe=":/")} for key, value in request.query]
    text = "&".join(f"{one['key']}={one['value']}" for one in query)
    wanted: dict[str, Any] = {
        "method": request.method,
        "header": [],
        "url": {
            "raw": f"{{{{base_url}}}}{request.path}" + (f"?{text}" if text else ""),
            "host": ["{{base_url}}"],
            "path": path,
            "query": query,
        },
    }
    if request.body is not None:
        wanted["header"].append({"key": "Content-Type", "value": "application/json"})
        wanted["body"] = {"mode": "raw", "raw": json.dumps(request.body, indent=2)}
    return {"name": request.title, "request": wanted}


def _pairs(kind: str, values: Mapping[str, str]) -> dict[str, Any]:
    return {"type": kind, kind: [{"key": key, "value": value, "type": "string"} for key, value in values.items()]}


_AUTH: dict[DialectName, dict[str, Any]] = {
    "native": _pairs("bearer", {"token": "{{passerby_key}}"}),
    "analytiks": _pairs("bearer", {"token": "{{analytiks_token}}"}),
    "quividi": _pairs("basic", {"username": "{{quividi_username}}", "password": "{{quividi_token}}"}),
    "seemetrix": _pairs("apikey", {"key": "key", "value": "{{seemetrix_user_key}}", "in": "query"}),
}
_SCRIPTS: dict[DialectName, str] = {"analytiks": _TOKEN_SCRIPT, "camlytics": _SIGNATURE_SCRIPT}
