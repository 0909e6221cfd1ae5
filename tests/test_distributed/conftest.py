import pytest
from process_pool import ProcessPool


@pytest.fixture(scope='session')
def two_processes(tmp_path_factory):
    """A group of two gloo processes that lives as long as the session."""
    pool = ProcessPool(2, tmp_path_factory.mktemp('gloo'))
    yield pool
    pool.close()


@pytest.fixture(scope='session')
def four_processes(tmp_path_factory):
    """The same of four."""
    pool = ProcessPool(4, tmp_path_factory.mktemp('gloo'))
    yield pool
    pool.close()
