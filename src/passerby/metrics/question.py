"""What `GET /v1/metrics` and `passerby export` are asked, checked against the catalogue and the registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from passerby.calendar import SIZES, to_utc, zone
from passerby.catalogue.model import Catalogue, Credential, Line, Site, Zone
from passerby.errors import InvalidInputError, NotFoundError, Problem
from passerby.metrics.registry import METRICS, Level, Metric
from passerby.observations import milliseconds

Fill = Literal["none", "zero", "null"]
SITE_TIME = "site"
_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True)
class Subject:
    """A place as it was asked for: `reference` is echoed in the answer.

    `sites` are those of a brand that may be seen; for all others the one site it belongs to. A content is asked for
    `within` a brand, site or sensor, or within everything that may be seen (None).
    """

    level: Level
    key: int | tuple[int, int]
    reference: int | str
    sites: tuple[int, ...]
    within: Subject | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request. `timezone` is an IANA name or "site"; `start` and `end` without offset are local in it."""

    metrics: tuple[str, ...]
    subjects: tuple[Subject, ...]
    start: datetime
    end: datetime
    bucket: str
    timezone: str = "UTC"
    fill: Fill = "none"
    role: str | None = None

    def pairs(self) -> list[tuple[Subject, Metric]]:
        """The series of the answer: each place with each metric that exists for it, in the order asked."""
        return [
            (subject, METRICS[name])
            for subject in self.subjects
            for name in self.metrics
            if subject.level in METRICS[name].levels
        ]


def question(  # noqa: PLR0913  # the last three are named and have defaults
    metrics: Sequence[str],
    subjects: Sequence[Subject],
    period: tuple[str, str],
    bucket: str,
    *,
    timezone: str | None = None,
    fill: str = "none",
    role: str | None = None,
) -> Question:
    """A request, checked. `period` is (start, end): RFC 3339, or local without offset when `timezone` is given.

    Raises:
        InvalidInputError: naming each parameter that is wrong, and what it may be.
    """
    problems: list[Problem] = []
    if bucket not in SIZES:
        problems.append(Problem("bucket", f"expected one of {', '.join(SIZES)}"))
    if fill not in get_args(Fill):
        problems.append(Problem("fill", f"expected one of {', '.join(get_args(Fill))}"))
    if role == "":
        problems.append(Problem("role", "expected a role, or any"))
    if timezone not in {None, SITE_TIME}:
        problems += _raised("timezone", lambda: zone(str(timezone)))
    instants: list[datetime] = []
    for name, text in zip(("start", "end"), period, strict=True):
        problems += _raised(name, lambda text=text: instants.append(_time(text, timezone)))
    problems += _wrong_metrics(metrics, subjects)
    hourly = [name for name in metrics if name in METRICS and METRICS[name].hourly]
    if hourly and bucket != "1h":
        problems.append(Problem("bucket", f"{hourly[0]} exists for one hour only: ask for bucket=1h"))
    if problems:
        raise InvalidInputError(problems)
    return Question(
        tuple(dict.fromkeys(metrics)),
        tuple(dict.fromkeys(subjects)),
        instants[0],
        instants[1],
        bucket,
        timezone or "UTC",
        fill,  # type: ignore[arg-type]  # checked above
        role,
    )


def instant_ms(time: datetime, zone_name: str) -> int:
    """A time of a question as UTC ms; one without offset is on the wall clock of the zone.

    A local time that occurs twice means its first occurrence, at the start and at the end alike, so that ranges
    that follow one another neither overlap nor leave a gap.
    """
    return to_utc(time, zone_name) if time.tzinfo is None else milliseconds(time)


def subjects(
    catalogue: Catalogue, credential: Credential | None, named: Mapping[Level, Sequence[str]]
) -> tuple[Subject, ...]:
    """The places named by brand and site ids, sensor ids or uids, zone and line uids or `sensor/id`.

    None named: every site that the credential may see. Without a credential everything may be seen. Contents, by id
    or content_id, narrow brands, sites and sensors: each of them with each content, or all of them together.

    Raises:
        NotFoundError: naming every place that does not exist for the credential.
    """
    seen = catalogue.visible_sites(credential) if credential else [site for _, site in sorted(catalogue.sites.items())]
    if not any(named.values()):
        return tuple(Subject("site", site.id, site.id, (site.id,)) for site in seen)
    finder = _Finder(catalogue, credential, {site.id: site for site in seen})
    return finder.found(named)


class _Finder:
    def __init__(self, catalogue: Catalogue, credential: Credential | None, seen: Mapping[int, Site]) -> None:
        self._catalogue, self._credential, self._seen = catalogue, credential, seen

    def found(self, named: Mapping[Level, Sequence[str]]) -> tuple[Subject, ...]:
        pairs = [(level, text) for level, texts in named.items() for text in texts]
        found = [self._one(level, text) for level, text in pairs]
        missing = [f"{level} {text[:64]}" for (level, text), each in zip(pairs, found, strict=True) if each is None]
        if missing:
            raise NotFoundError(f"there is no {', no '.join(missing)} that this key may see")
        subjects = [each for each in found if each is not None]
        contents = [each for each in subjects if each.level == "content"]
        if not contents:
            return tuple(subjects)
        screens = [each for each in subjects if each.level in {"brand", "site", "sensor"}]
        others = [each for each in subjects if each.level in {"zone", "line"}]
        shown = [
            Subject("content", content.key, content.reference, screen.sites, screen)
            for screen in screens
            for content in contents
        ]
        return (*others, *(shown or contents))

    def _one(self, level: Level, text: str) -> Subject | None:
        if level == "brand":
            return self._brand(_number(text))
        if level == "site":
            site = self._seen.get(_number(text))
            return Subject("site", site.id, site.id, (site.id,)) if site else None
        if level == "sensor":
            return self._sensor(text)
        if level == "content":
            return self._content(text)
        part: Zone | Line | None = self._catalogue.zone(text) if level == "zone" else self._catalogue.line(text)
        site_id = self._site_of(part.sensor_id) if part else None
        return Subject(level, (part.sensor_id, part.id), text, (site_id,)) if part and site_id is not None else None

    def _brand(self, number: int) -> Subject | None:
        brand = self._catalogue.brands.get(number)
        if brand is None:
            return None
        if self._credential and brand not in self._catalogue.visible_brands(self._credential):
            return None
        sites = tuple(site for site in brand.site_ids if site in self._seen)
        return Subject("brand", brand.id, brand.id, sites)

    def _sensor(self, text: str) -> Subject | None:
        by_uid = self._catalogue.sensor(text)
        sensor = by_uid or self._catalogue.sensor(_number(text))
        if sensor is None or self._site_of(sensor.id) is None:
            return None
        return Subject("sensor", sensor.id, text if by_uid else sensor.id, (sensor.site_id,))

    def _content(self, text: str) -> Subject | None:
        """A content of the credential's account, wherever it may be seen."""
        accounts = [self._credential.account_id] if self._credential else sorted(self._catalogue.accounts)
        for account in accounts:
            by_text = self._catalogue.content(account, text)
            content = by_text or self._catalogue.content(account, _number(text))
            if content is not None:
                sites = [site for site in self._seen.values() if self._catalogue.account_id_of_site(site) == account]
                reference = text if by_text else content.id
                return Subject("content", content.id, reference, tuple(site.id for site in sites))
        return None

    def _site_of(self, sensor_id: int) -> int | None:
        """The site of a sensor, when both may be seen."""
        sensor = self._catalogue.sensors[sensor_id]
        if self._credential and not self._catalogue.may_see_sensor(self._credential, sensor):
            return None
        return sensor.site_id


def _number(text: str) -> int:
    """The id that a text is; -1, which is nobody's, when it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else -1


def _time(text: str, timezone: str | None) -> datetime:
    try:
        # A blank is what a plus sign in an unescaped query string arrives as.
        time = datetime.fromisoformat(text.replace(" ", "+") if text.count("T") == 1 else text)
    except ValueError:
        raise InvalidInputError(
            "expected RFC 3339, such as 2026-03-29T00:00:00Z, or without offset together with timezone"
        ) from None
    if time.tzinfo is None and timezone is None:
        raise InvalidInputError("has no offset: add one (such as Z), or say which timezone it is in")
    if not 1900 <= time.year < 2200:
        raise InvalidInputError("expected a time between the years 1900 and 2199")
    return time


def _raised(path: str, check: object) -> list[Problem]:
    """The problems of a check, each at `path`."""
    try:
        check()  # type: ignore[operator]  # any callable without arguments
    except InvalidInputError as error:
        return [Problem(path, problem.message) for problem in error.problems]
    return []


def _wrong_metrics(metrics: Sequence[str], subjects: Sequence[Subject]) -> list[Problem]:
    if not metrics:
        return [Problem("metric", f"name one or more of {', '.join(METRICS)}")]
    unknown = [name for name in metrics if name not in METRICS]
    if unknown:
        message = f"there is no metric {unknown[0][:64]!r} in this release; there are {', '.join(METRICS)}"
        return [Problem("metric", message)]
    asked = list(dict.fromkeys(subject.level for subject in subjects))
    problems = [
        Problem("metric", _nowhere(name, asked))
        for name in dict.fromkeys(metrics)
        if subjects and not set(METRICS[name].levels).intersection(asked)
    ]
    if problems:
        return problems
    known = {level for name in metrics for level in METRICS[name].levels}
    without = [level for level in asked if level not in known]
    return [Problem(level, f"none of the metrics asked for exists for a {level}") for level in without]


def _nowhere(name: str, asked: Sequence[Level]) -> str:
    """Why a metric has no place among those asked for."""
    levels = METRICS[name].levels
    if "content" in asked:
        return f"{name} does not exist for a content: ask for it without content"
    return f"{name} exists for a {_or(levels)}, and none is asked for"


def _or(levels: Iterable[Level]) -> str:
    return " or ".join(levels)
