"""People who look at the dashboard: who they are, how they sign in, and what they share.

They are rows of the catalogue database beside the catalogue: not part of a snapshot, because they change while
nothing that is measured does, and because being signed out has to be true at once, in every process.
"""

from passerby.people.directory import People
from passerby.people.person import Person, Role
from passerby.people.sharing import ShareLink, ShareLinks
from passerby.people.signing_in import Sessions, SignedIn

__all__ = ["People", "Person", "Role", "Sessions", "ShareLink", "ShareLinks", "SignedIn"]
