"""Ready requests: for each API a few that ask for somebody's own data, as text, as command lines, as a collection."""

from passerby.ready.curl import SHELL_VARIABLES, Secrets, curl
from passerby.ready.postman import collection
from passerby.ready.requests import ReadyRequest, ready_requests

__all__ = ["SHELL_VARIABLES", "ReadyRequest", "Secrets", "collection", "curl", "ready_requests"]
