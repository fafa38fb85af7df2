"""A made-up network of sites and everything its sensors would send: for demonstrations, tests and load.

Everything here but `live` is pure: the same seed gives the same bytes on every machine and Python version.

* `network` makes up sites, sensors, lines and zones, and their catalogue document;
* `day` makes up what happens at one site on one local date, without memory of other days;
* `delivery` strings days together in the order in which observations reach the server: some late, some twice;
* `live` sends what happens now to a running server.
"""
