"""Sessions end by silence, by age, by a new password; wrong passwords cost a wait that grows; names are kept close."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tutor.access import Door, Lockout, Sessions
from tutor.errors import ConfigError
from tutor.names import Names
from tutor.refusal import Refusal


class Seconds:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def names(tmp_path: Path) -> Names:
    found = Names(tmp_path / "names")
    found.add("ada", "correct horse")
    return found


def test_session_ends_after_silence_and_after_its_whole_time(names: Names, seconds: Seconds) -> None:
    sessions = Sessions(names, idle=60, whole=200, clock=seconds)
    token = sessions.begin("ada")
    for _ in range(4):
        seconds.now += 50
        assert sessions.name(token) == "ada"
    seconds.now += 1
    assert sessions.name(token) is None
    silent = sessions.begin("ada")
    seconds.now += 61
    assert sessions.name(silent) is None


def test_session_ends_with_the_password_it_began_with(names: Names, seconds: Seconds) -> None:
    sessions = Sessions(names, idle=60, whole=200, clock=seconds)
    token = sessions.begin("ada")
    names.add("ada", "another horse")
    assert sessions.name(token) is None


def test_only_so_many_sessions_of_one_name_are_kept(names: Names, seconds: Seconds) -> None:
    sessions = Sessions(names, idle=60, whole=200, clock=seconds)
    tokens = [sessions.begin("ada") for _ in range(30)]
    assert len(sessions) == 20
    assert sessions.name(tokens[0]) is None
    assert sessions.name(tokens[-1]) == "ada"


def test_a_class_may_sign_in_at_once(names: Names, seconds: Seconds) -> None:
    for at in range(40):
        names._write({**names.hashes(), f"learner{at}": names.hashes()["ada"]})
    sessions = Sessions(names, idle=60, whole=200, clock=seconds)
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(sessions.begin, [f"learner{at % 40}" for at in range(400)]))
        assert None not in pool.map(sessions.name, tokens)


def test_wait_doubles_with_every_wrong_password_up_to_a_quarter_of_an_hour(seconds: Seconds) -> None:
    lockout, waits = Lockout(seconds), []
    for _ in range(20):
        lockout.wrong("ada", "10.0.0.1")
        waits.append(lockout.wait("ada", "10.0.0.2"))
    assert waits[:9] == [0, 0, 0, 0, 1, 2, 4, 8, 16]
    assert waits[-1] == 900
    assert lockout.wait("bob", "10.0.0.1") == 1, "the address has to wait, too"
    seconds.now += 4000
    assert lockout.wait("ada", "10.0.0.1") <= 0


def test_right_password_in_between_does_not_free_the_address(names: Names, seconds: Seconds) -> None:
    door = Door(names, Sessions(names, idle=60, whole=200, clock=seconds), secure=False, clock=seconds)
    for at in range(20):
        door.lockout.wrong(f"guess{at}", "10.0.0.1")
    with pytest.raises(Refusal, match="Too many wrong passwords"):
        door.sign_in("ada", "correct horse", "10.0.0.1")
    assert door.sign_in("ada", "correct horse", "10.0.0.2")


def test_name_that_does_not_exist_is_looked_at_as_long(names: Names) -> None:
    assert not names.right("nobody", "correct horse")
    assert names._nobody.split("$")[:4] == names.hashes()["ada"].split("$")[:4], "the same work for both"


@pytest.mark.parametrize(("name", "password"), [("a:b", "long enough"), ("", "long enough"), ("x\n", "long enough"),
                                                ("ada", "short"), ("ada", "x" * 2000)])  # fmt: skip
def test_names_and_passwords_that_will_not_do_are_refused(names: Names, name: str, password: str) -> None:
    before = names.path.read_text()
    with pytest.raises(ConfigError):
        names.add(name, password)
    assert names.path.read_text() == before


@pytest.mark.parametrize(
    "line", ["ada", "ada:plain", "ada:$argon2id$broken", ":x", "a b:$argon2id$v=19$m=1,t=1,p=1$a$b"]
)
def test_line_that_is_none_is_told_by_its_number(names: Names, line: str) -> None:
    with names.path.open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(ConfigError, match="line 2"):
        names.hashes()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_file_that_others_may_read_is_refused(names: Names, mode: int) -> None:
    names.path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        names.hashes()


def test_passwords_are_one_whatever_keyboard_wrote_them(names: Names) -> None:
    names.add("zoe", "pass\u00e9word")
    assert names.right("zoe", "passe\u0301word")
