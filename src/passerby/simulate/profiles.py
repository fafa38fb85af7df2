"""How busy, how long, how often: the numbers that make a day look like a day."""

from __future__ import annotations

from collections.abc import Sequence

from passerby.simulate.dice import Weighted

# Weight of each local hour, 0 to 23. Shops: noon and after work; streets: morning, noon and evening rush.
SHOP_HOURS = (0, 0, 0, 0, 0, 0, 1, 3, 6, 7, 8, 11, 16, 14, 9, 9, 12, 17, 18, 12, 8, 5, 3, 1)
STREET_HOURS = (2, 1, 1, 1, 2, 4, 9, 17, 20, 12, 9, 10, 15, 14, 10, 10, 14, 20, 19, 13, 9, 7, 5, 3)
# Monday to Sunday, against a Wednesday.
WEEKDAYS = (0.85, 0.95, 1.0, 1.05, 1.25, 1.5, 0.6)

PARTY_SIZES = Weighted((64, 24, 8, 4))

# Quantiles at equal steps, in milliseconds.
BOUNCE_MS = (900, 2_000, 3_000, 4_000, 4_900)
STAY_MS = (
    *(6_000, 45_000, 110_000, 190_000, 280_000, 380_000, 500_000),
    *(640_000, 820_000, 1_060_000, 1_420_000, 2_100_000, 5_400_000),
)
SHELF_MS = (800, 4_000, 9_000, 15_000, 24_000, 38_000, 65_000, 140_000)
QUEUE_MS = (1_500, 20_000, 45_000, 75_000, 120_000, 200_000, 420_000)
PASSAGE_MS = (700, 1_800, 2_600, 3_400, 4_500, 6_500, 12_000)
VEHICLE_MS = (500, 900, 1_300, 1_800, 2_600, 6_000)
VIEW_MS = (500, 1_500, 2_800, 4_200, 6_500, 10_000, 17_000, 55_000)
SIGHTING_MS = (1_000, 30_000, 90_000, 240_000, 600_000, 1_500_000, 4_800_000)
OUTAGE_MS = (600_000, 1_800_000, 3_600_000, 10_800_000)
OFFLINE_MS = (300_000, 1_500_000, 3_600_000, 14_400_000)

_QUARTERS = 96


def quarters(hours: Sequence[int]) -> tuple[int, ...]:
    """Weights of the 96 quarters of an hour of a day, in a straight line from hour to hour."""
    return tuple(hours[q // 4] * (4 - q % 4) + hours[(q // 4 + 1) % 24] * (q % 4) for q in range(_QUARTERS))


def within(hours: Sequence[int], first_minute: int, last_minute: int) -> tuple[Weighted, float]:
    """(weights of a day's minutes inside [first, last), what part of a whole day's weight they are)."""
    weights = quarters(hours)
    minutes = [weights[m // 15] if first_minute <= m < last_minute else 0 for m in range(_QUARTERS * 15)]
    return Weighted(minutes), sum(minutes) / (15 * sum(weights))
