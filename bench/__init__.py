"""Measures Passerby: each figure beside a floor taken in the same run. `make bench` runs all of it."""
