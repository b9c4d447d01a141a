from importlib.metadata import Distribution
from pathlib import Path

import pytest

from tests.audit.supply import LOCK, against_lock, allowed, read_lock, start_files


def package(folder: Path, name: str, version: str, *files: str) -> Distribution:
    home = folder / f"{name}-{version}.dist-info"
    home.mkdir()
    (home / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (home / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    return Distribution.at(home)


def test_every_requirement_of_the_lock_is_pinned_and_hashed() -> None:
    pins, faults = read_lock(LOCK.read_text(encoding="utf-8"))
    assert faults == []
    assert len(pins) > 100
    assert [pin.name for pin in pins if not pin.hashes] == []


def test_what_is_not_in_the_lock_is_found(tmp_path: Path) -> None:
    hashed = " \\\n    --hash=sha256:00\n"
    pins, faults = read_lock(f"a==1{hashed}b==1\nc==1 ; python_version < '3'{hashed}d>=2\ne==1{hashed}")
    assert faults == ["the lock's line 6 is no pinned requirement: d>=2"]
    installed = {name: package(tmp_path, name, version) for name, version in (("a", "2"), ("b", "1"), ("x", "1"))}
    assert list(against_lock(pins, installed)) == [
        "b==1 has no hash in the lock",
        "a is 2, the lock says 1",
        "x 1 is installed and is not in the lock",
        "e is in the lock and is not installed",
    ]


def test_file_that_runs_at_every_start_is_found(tmp_path: Path) -> None:
    one = package(tmp_path, "one", "1", "mine.pth", "hook.pth")
    for name, text in (("mine.pth", "/some/folder\n"), ("hook.pth", "import os; os.getcwd()\n"), ("stray.pth", "/x\n")):
        (tmp_path / name).write_text(text)
    assert list(start_files({"one": one}, {tmp_path})) == [
        "hook.pth runs code at every start: import os; os.getcwd()",
        "stray.pth belongs to no installed package",
    ]


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("MIT", True), ("MIT License; Apache Software License", True), ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("Apache License, Version 2.0", True), ("GPL-3.0-only", False), ("MIT AND GPL-3.0-only", False),
        ("GPL-2.0-only OR MIT", True),
        ("GPL-2.0-only AND (MIT OR ISC)", False), ("", False), ("GNU Affero General Public License v3", False),
    ],
)  # fmt: skip
def test_licences_are_told_apart(text: str, fine: bool) -> None:
    assert allowed(text) is fine
