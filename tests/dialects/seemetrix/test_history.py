"""History moves over: the raw sessions of Passerby are those that were imported from the vendor, numbers included."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.dialects.seemetrix.test_raw import DOCUMENT, RAW, day
from tests.support.examples import about
from tests.support.seemetrix import KEY, catalogue, running

from passerby.importing.delivery import DirectDelivery, HttpDelivery
from passerby.importing.run import run
from passerby.ingest.files import format_named
from passerby.ingest.files.base import Options
from passerby.services import open_services

# Each example is an import of its own; making it smaller takes minutes and tells little.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
DEVICES = (3024, 3026, 3027)
MOVIES = (8482, 77, 500_000)  # one that the catalogue knows


def bring_in(delivery, folder, rows):
    """Import rows of the vendor's as an answer; (accepted, duplicates, what was rejected)."""
    path = folder / "raw.json"
    path.write_text(json.dumps({"objects": rows}))
    outcome = run(delivery, format_named("seemetrix-raw"), Options(), [path], lambda *_: None)
    return outcome.accepted, outcome.duplicates, outcome.tally.rejections


@st.composite
def parts(draw, total, values):
    """Intervals that are `total` together, as (value, length)."""
    cuts = sorted(draw(st.lists(st.integers(0, total), max_size=4)))
    edges = [0, *cuts, total]
    return [(draw(values), after - before) for before, after in pairwise(edges)]


@st.composite
def rows_of_a_day(draw):
    """What the vendor answers for a day: (milliseconds after its begin, row), by begin and device."""
    rows = []
    for number in draw(st.lists(st.integers(0, 5_000), min_size=1, max_size=30, unique=True)):
        after, lasted = draw(st.sampled_from((0, 5_000, 80_000_123))), draw(st.integers(1, 60_000))
        movies = draw(
            st.lists(st.tuples(st.sampled_from(MOVIES), st.integers(0, 9), st.integers(0, 60_000)), max_size=2)
        )
        rows.append(
            (
                after,
                {
                    "a": draw(st.integers(-1, 3)),
                    "at": [{"a": a, "d": ms} for a, ms in draw(parts(lasted, st.integers(0, 1)))],
                    "d": draw(st.sampled_from(DEVICES)),
                    "em": [{"d": ms, "e": e} for e, ms in draw(parts(lasted, st.integers(-1, 3)))],
                    "i": lasted,
                    "o": number,
                    "s": draw(st.integers(-1, 1)),
                    "v": [{"d": ms, "i": movie, "s": start} for movie, start, ms in movies],
                },
            )
        )
    return rows


def text(moment):
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}"


def test_a_random_history_comes_back_as_it_was(tmp_path):
    """And once more in another order: nothing is new then."""
    days = (datetime(2018, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in count())
    with running(tmp_path / "data") as (_, page), contextlib.closing(HttpDelivery(str(page.base_url), KEY)) as delivery:

        @settings(max_examples=about(12), deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
        @given(rows_of_a_day(), st.randoms(use_true_random=False))
        def moves_over(found, chance):
            begin = next(days)
            rows = []
            for after, row in found:
                start = begin + timedelta(milliseconds=after)
                rows.append(row | {"b": text(start), "e": text(start + timedelta(milliseconds=row["i"]))})
            rows.sort(key=lambda row: (row["b"], row["d"]))
            assert bring_in(delivery, tmp_path, rows) == (len(rows), 0, [])
            assert page.document(RAW, **day(begin))["objects"] == rows
            assert bring_in(delivery, tmp_path, chance.sample(rows, len(rows))) == (0, len(rows), [])

        moves_over()


def test_the_session_of_the_document_into_a_directory(tmp_path):
    """Before any server runs: its movie registers itself under its id, and a device that nobody knows is named."""
    with contextlib.closing(open_services(tmp_path / "data")) as services:
        services.catalogue.apply(catalogue(contents=[]))
    with contextlib.closing(DirectDelivery(tmp_path / "data", None)) as delivery:
        foreign = {**DOCUMENT, "d": 5315}
        told = ["raw.json, row 2: d: the catalogue has no sensor 5315; add it, or give --sensor"]
        assert bring_in(delivery, tmp_path, [DOCUMENT, foreign]) == (1, 0, told)
    with running(tmp_path / "data", catalogue(contents=[])) as (services, page):
        assert page.document(RAW, b="2019/07/01 00:00:00", e="2019/07/02 00:00:00")["objects"] == [DOCUMENT]
        found = services.catalogue.current().contents
        assert {number: (one.content_id, one.registered) for number, one in found.items()} == {
            8482: ("8482", True),
            9457: ("9457", True),
        }
