import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.diagnose import diagnose, scrub, transient
from tutor.errors import ModelBusyError, ModelCutError, ModelEmptyError, ModelError, ModelUnreachableError
from tutor.settings import Profile

KEY = "sk-proj-SECRET/Abc+123456789"
PROFILE = Profile(name="local", model="m", base_url="http://localhost:1/v1")


@pytest.mark.parametrize(
    "shown", [KEY, KEY[:9], KEY[5:15], KEY[-7:], quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode()]
)
def test_key_is_starred_out_whole_encoded_and_in_part(shown: str) -> None:
    clean = scrub(f"Incorrect API key provided: {shown}.", KEY)
    assert clean.startswith("Incorrect API key provided: ")
    assert shown not in clean
    assert "***" in clean


@given(key=st.text("abcdefgh0123", min_size=8, max_size=40), text=st.text("abcdefgh0123 .", max_size=80))
def test_no_six_characters_of_a_key_are_left(key: str, text: str) -> None:
    clean = scrub(f"{text}{key}{text}", key)
    assert not [at for at in range(len(key) - 5) if key[at : at + 6] in clean]


def test_text_of_an_error_is_one_short_line() -> None:
    assert scrub("a\n\n  b", "") == "a b"
    assert len(scrub("x" * 999, "")) == 200


def test_unknown_error_is_still_one_of_ours_and_says_where() -> None:
    for error, kind in ((KeyError("delta"), ModelEmptyError), (ConnectionResetError("reset"), ModelUnreachableError)):
        found = diagnose(error, PROFILE)
        assert type(found) is kind
        assert "m on this machine (localhost:1)" in str(found)
    assert type(diagnose(KeyError("delta"), PROFILE, text="The heart")) is ModelCutError


def test_only_what_may_pass_by_itself_is_tried_again() -> None:
    assert transient(ModelBusyError("busy", retry_after=3.0))
    assert transient(ModelBusyError("busy"))
    assert transient(ModelUnreachableError("nobody listens there"))
    assert not transient(ModelBusyError("the quota is used up"))
    assert not transient(ModelUnreachableError("there is no such host"))
    assert not transient(ModelError("refused"))
