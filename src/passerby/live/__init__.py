"""How many are there now: occupancy and queues of sites and zones, as they change.

The numbers are a function of four things and nothing else: the facts in the store, the corrections that people made,
the catalogue, and the time. `state.py` keeps what that function needs in memory, `service.py` keeps it up to date and
tells whoever subscribed, `corrections.py` keeps what people said.
"""

from passerby.live.corrections import Correction, Corrections
from passerby.live.service import Change, Live
from passerby.live.state import QueueNow, SiteNow, State, ZoneNow

__all__ = ["Change", "Correction", "Corrections", "Live", "QueueNow", "SiteNow", "State", "ZoneNow"]
