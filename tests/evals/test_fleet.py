from importlib.util import find_spec

import pytest

from evals.fleet import Fleet
from evals.subject import Scripted
from tutor.errors import ConfigError
from tutor.settings import Settings


@pytest.mark.skipif(find_spec("ray") is not None, reason="ray is installed")
def test_without_ray_one_is_told_how_to_get_it() -> None:
    with pytest.raises(ConfigError, match=r"pip install 'flashcard-tutor\[ray\]'"):
        Fleet(Settings(), Scripted({}), 2)
