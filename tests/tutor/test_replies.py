from contextlib import closing
from pathlib import Path

import pytest

from tutor.replies import KeptReplies


def test_reply_is_kept_from_one_run_to_the_next(tmp_path: Path) -> None:
    with closing(KeptReplies(tmp_path / "cache" / "replies.db")) as kept:
        kept["a"] = "The heart [1]."
        kept["b"] = "A pulse [1]."
        del kept["b"]
    with closing(KeptReplies(tmp_path / "cache" / "replies.db")) as kept:
        assert dict(kept) == {"a": "The heart [1]."}
        assert (len(kept), kept.get("b")) == (1, None)
        with pytest.raises(KeyError):
            del kept["b"]


def test_oldest_reply_goes_when_it_is_full(tmp_path: Path) -> None:
    with closing(KeptReplies(tmp_path / "replies.db", most=3)) as kept:
        for number in range(5):
            kept[f"{number}"] = "x"
        assert list(kept) == ["2", "3", "4"]


def test_damaged_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "replies.db"
    path.write_bytes(b"no database, " * 500)
    with closing(KeptReplies(path)) as kept:
        kept["a"] = "x"
        assert kept["a"] == "x"
