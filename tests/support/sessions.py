"""The numbers of sessions on their sensors, one view at a time with every number remembered: a twin for tests."""

from passerby.store.session_numbers import BEYOND


class Numbers:
    """Gives each view its number in order of arrival."""

    def __init__(self):
        self._given = {}  # sensor -> the numbers that were given
        self._own = {}  # sensor -> whether it sent one of its own
        self._top = {}  # sensor -> the largest beyond

    def number(self, sensor, session):
        """The number of the next view of a sensor, which has this one of its own or None."""
        given = self._given.setdefault(sensor, set())
        top = self._top.get(sensor, BEYOND)
        if session is not None:
            self._own[sensor] = True
            beyond = [number for number in given if number > BEYOND]
            if session not in given and not (beyond and min(beyond) <= session <= top):
                self._top[sensor] = max(top, session)
                return session
        if self._own.get(sensor):
            number = self._top[sensor] = top + 1
        else:
            number = len(given) + 1
        given.add(number)
        return number
