"""Draws docs/images/wifi-addresses.png: how far WiFi addresses are from people, in a recording that knows both.

    PASSERBY_REALDATA=... .venv/bin/python docs/pictures/wifi_addresses.py

The recording (Brno University of Technology, MIT licence, a laboratory on 8 February 2024) has what two sniffers heard
and how many people were in the room. Sessions are made here as the documentation of Passerby says that they are made,
without any code of Passerby; a test holds that Passerby's answers to the same recording are these.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

FILES = ("position_1/sc6-61_2024-02-08_ver-99.csv", "position_2/sc6-61_2024-02-08_ver-99.csv")
PICTURE = Path(__file__).parents[1] / "images" / "wifi-addresses.png"

# The settings of Passerby, as they are unless someone changes them.
GAP_S, RSSI, BOUNCE_S = 600, -75, 60
BUCKET = timedelta(minutes=10)
# Local time throughout, as in the recording.
FROM, TO = datetime.fromisoformat("2024-02-08T14:50"), datetime.fromisoformat("2024-02-08T20:00")

INK, SOFT = "#22303c", "#66757f"
PEOPLE, HEARD, VISITS = "#cfd8de", "#d1495b", "#00798c"
GAPS = {60: "1 minute", 300: "5 minutes", 600: "10 minutes", 1800: "30 minutes"}


@dataclass(frozen=True)
class Frame:
    """One probe request: local time, address, whether it is made up, dBm, and how many people were in the room."""

    at: datetime
    address: str
    made_up: bool
    rssi: int
    people: int


@dataclass
class Session:
    """A device without an interruption of the gap or more. `address` counts anew each local day, as keys do."""

    address: str
    first: datetime
    last: datetime
    rssi: int
    made_up: bool

    @property
    def seconds(self) -> float:
        """How long it was heard."""
        return (self.last - self.first).total_seconds()

    def visits(self, rssi: int = RSSI) -> bool:
        """Whether it is a visit: strong enough, and no bounce."""
        return self.rssi >= rssi and self.seconds >= BOUNCE_S


def frames(folder: Path) -> list[Frame]:
    """What both sniffers heard. Fractions of a millisecond are cut off."""
    heard = []
    for name in FILES:
        with (folder / "wifi_probe_brno" / name).open(newline="") as file:
            heard += [_frame(row) for row in csv.DictReader(file, delimiter=";")]
    return heard


def _frame(row: dict[str, str]) -> Frame:
    at = datetime.fromisoformat(row["datetime"][:23])
    return Frame(at, row["src"], row["randomized"] == "1", int(row["rssi"]), int(float(row["occupancy"])))


def sessions(heard: Iterable[Frame], gap_s: int = GAP_S) -> list[Session]:
    """The sessions of a site."""
    made: list[Session] = []
    open_: dict[tuple[str, object], Session] = {}
    for frame in sorted(heard, key=lambda one: one.at):
        key = (frame.address, frame.at.date())
        session = open_.get(key)
        if session is None or frame.at - session.last >= timedelta(seconds=gap_s):
            session = open_[key] = Session(frame.address, frame.at, frame.at, frame.rssi, frame.made_up)
            made.append(session)
        session.last = frame.at
        session.rssi = max(session.rssi, frame.rssi)
    return made


def _buckets() -> Iterator[datetime]:
    start = FROM
    while start < TO:
        yield start
        start += BUCKET


def over_time(heard: list[Frame]) -> list[dict[str, Any]]:
    """People, addresses heard and visits under way, in each ten minutes."""
    visits = [session for session in sessions(heard) if session.visits()]
    rows = []
    for start in _buckets():
        end = start + BUCKET
        now = [frame for frame in heard if start <= frame.at < end]
        numbers = {
            "people": max((frame.people for frame in now), default=0),
            "addresses": len({frame.address for frame in now}),
            "visits": sum(one.first < end and one.last >= start for one in visits),
        }
        rows += [{"at": start.isoformat(), "what": what, "number": number} for what, number in numbers.items()]
    return rows


def by_settings(heard: list[Frame]) -> list[dict[str, Any]]:
    """Visits of the whole recording, by gap and signal strength."""
    rows = []
    for gap_s, name in GAPS.items():
        made = sessions(heard, gap_s)
        rows += [
            {"gap": name, "rssi": rssi, "number": sum(one.visits(rssi) for one in made)} for rssi in range(-95, -59)
        ]
    return rows


def ladder(heard: list[Frame]) -> list[dict[str, Any]]:
    """The whole recording in five numbers, each a step closer to people."""
    visits = [session for session in sessions(heard) if session.visits()]
    steps = {
        "addresses heard": len({frame.address for frame in heard}),
        "... with -75 dBm or more": len({frame.address for frame in heard if frame.rssi >= RSSI}),
        "visits (of a minute or more)": len(visits),
        "... by different addresses": len({session.address for session in visits}),
        "... that are not made up": len({session.address for session in visits if not session.made_up}),
        "people at most at one time": max(frame.people for frame in heard),
    }
    return [{"step": step, "number": number} for step, number in steps.items()]


def main() -> None:
    """Draw the picture."""
    import vl_convert  # noqa: PLC0415  # the numbers can be had without what draws

    heard = frames(Path(os.environ["PASSERBY_REALDATA"]))
    PICTURE.write_bytes(vl_convert.vegalite_to_png(_chart(heard).to_json(), scale=1.6))


def _chart(heard: list[Frame]) -> Any:  # noqa: ANN401  # altair's types are not worth importing it for the numbers
    import altair as alt  # noqa: PLC0415

    below = alt.hconcat(
        _settings_chart(alt, by_settings(heard)), _ladder_chart(alt, ladder(heard)), spacing=240, bounds="flush"
    )
    below = below.resolve_scale(color="independent")
    axis = {"labelColor": SOFT, "titleColor": SOFT, "titleFontWeight": "normal", "gridColor": "#e8edf0"}
    lines = {"domainColor": "#b8c4cc", "tickColor": "#b8c4cc", "labelFontSize": 12, "titleFontSize": 12}
    return (
        alt.vconcat(_time_chart(alt, over_time(heard)), below, spacing=36)
        .configure(background="white", padding=20)
        .configure_view(stroke=None)
        .configure_axis(**axis, **lines)
        .configure_title(anchor="start", color=INK, fontSize=15, subtitleColor=SOFT, subtitleFontSize=12, offset=14)
    )


def _time_chart(alt: Any, rows: list[dict[str, Any]]) -> Any:  # noqa: ANN401
    time = alt.X("at:T", title=None, axis=alt.Axis(format="%H:%M", grid=False, tickCount=10))
    count = alt.Y("number:Q", title=None, scale=alt.Scale(domain=[0, 170]), axis=alt.Axis(tickCount=6))
    base = alt.Chart(alt.InlineData(rows)).encode(x=time, y=count)
    drawn = [
        base.transform_filter("datum.what == 'people'").mark_area(interpolate="step-after", color=PEOPLE),
        *(
            base.transform_filter(f"datum.what == '{what}'").mark_line(
                interpolate="step-after", strokeWidth=2.2, color=color
            )
            for what, color in (("addresses", HEARD), ("visits", VISITS))
        ),
    ]
    words = [
        ("2024-02-08T15:33:00", 124, "different addresses heard in ten minutes", HEARD),
        ("2024-02-08T16:33:00", 35, "visits under way", VISITS),
        ("2024-02-08T15:03:00", 7, "people in the room", SOFT),
    ]
    notes = [
        alt.Chart(alt.InlineData([{"at": at, "number": number, "text": text}]))
        .mark_text(align="left", color=color, fontSize=13)
        .encode(x=time, y=count, text="text:N")
        for at, number, text, color in words
    ]
    title = alt.Title(
        "A room with 15 people, 164 addresses in ten minutes",
        subtitle="Two WiFi sniffers in a laboratory in Brno, 8 February 2024; the people were counted",
    )
    return alt.layer(*drawn, *notes).properties(width=880, height=250, title=title)


def _settings_chart(alt: Any, rows: list[dict[str, Any]]) -> Any:  # noqa: ANN401
    shades = ["#8bbcc6", "#4fa3b1", VISITS, "#003d47"]
    x = alt.X(
        "rssi:Q",
        title="wifi_visit_rssi (dBm)",
        scale=alt.Scale(domain=[-95, -60], nice=False),
        axis=alt.Axis(grid=False),
    )
    y = alt.Y(
        "number:Q",
        title=None,
        scale=alt.Scale(type="log", domain=[30, 1000], nice=False),
        axis=alt.Axis(values=[30, 100, 300, 1000]),
    )
    color = alt.Color("gap:N", legend=None, scale=alt.Scale(domain=list(GAPS.values()), range=shades))
    base = alt.Chart(alt.InlineData(rows))
    lines = base.mark_line(strokeWidth=2.2).encode(x=x, y=y, color=color)
    names = (
        base.transform_filter("datum.rssi == -60")
        .mark_text(align="left", dx=7, fontSize=12)
        .encode(x=x, y=y, color=color, text="gap:N")
    )
    default = alt.Chart(alt.InlineData([{"rssi": RSSI, "number": 850, "text": "default"}])).encode(x=x)
    rule = default.mark_rule(color=SOFT, strokeDash=[3, 3])
    word = default.mark_text(align="left", dx=6, color=SOFT, fontSize=12).encode(y=y, text="text:N")
    title = alt.Title("What the settings make of it", subtitle="Visits of the whole recording, by wifi_session_gap_s")
    return alt.layer(rule, word, lines, names).properties(width=370, height=230, title=title)


def _ladder_chart(alt: Any, rows: list[dict[str, Any]]) -> Any:  # noqa: ANN401
    steps = [row["step"] for row in rows]
    axis = alt.Axis(domain=False, ticks=False, labelLimit=260, labelPadding=8, labelColor=INK)
    y = alt.Y("step:N", sort=steps, title=None, axis=axis)
    x = alt.X("number:Q", axis=None, scale=alt.Scale(domain=[0, 1350]))
    colors = [HEARD, HEARD, VISITS, VISITS, VISITS, "#8fa0ab"]
    color = alt.Color("step:N", legend=None, scale=alt.Scale(domain=steps, range=colors))
    base = alt.Chart(alt.InlineData(rows)).encode(x=x, y=y)
    bars = base.mark_bar(height=18).encode(color=color)
    numbers = base.mark_text(align="left", dx=5, color=INK, fontSize=12).encode(text=alt.Text("number:Q", format=","))
    title = alt.Title("Step by step towards people", subtitle="The whole recording, with the settings as they are")
    return alt.layer(bars, numbers).properties(width=240, height=230, title=title)


if __name__ == "__main__":
    main()
