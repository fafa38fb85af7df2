"""What the tests of metrics share."""

import pytest
from tests.metrics.network import Holder


@pytest.fixture(scope="module")
def holder(tmp_path_factory):
    """A store that each example fills anew."""
    made = Holder(tmp_path_factory.mktemp("store"))
    yield made
    made.store.close()
