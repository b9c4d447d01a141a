import os
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from corpus.errors import VocabularyError
from corpus.minilm import MiniLM
from corpus.tokens import count_tokens, fetch, has_vocabulary, keep_in, trim, vocabulary_of


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes a connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_estimates_are_pinned() -> None:
    assert count_tokens("") == 0
    assert count_tokens("What is BPTT?") == 5
    assert count_tokens("backpropagation") == 4
    assert count_tokens("梯度消失") >= 4


def test_estimate_never_falls_below_the_word_pieces_of_a_real_vocabulary(
    bundled: tuple[Path, ...], minilm: MiniLM
) -> None:
    for path in bundled:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if len(line) > 40]
        counted = [(count_tokens(line), len(minilm._tokenizer.encode(line).ids) - 2) for line in lines]
        assert all(estimate >= 0.8 * min(pieces, 254) for estimate, pieces in counted)
        assert sum(estimate for estimate, _ in counted) >= sum(pieces for _, pieces in counted)


def test_trim_gives_the_longest_beginning_of_whole_words() -> None:
    text = "one two three four five six seven"
    for limit in range(1, 10):
        cut = trim(text, limit)
        assert text.startswith(cut)
        assert count_tokens(cut) <= limit
        assert not cut or text[len(cut) :][:1] in ("", " ")
    assert trim(text, 100) == text


def test_trim_cuts_a_single_long_word_between_letters() -> None:
    assert 0 < len(trim("x" * 5000, 10)) < 60
    assert trim("words", 0) == ""


def test_unknown_model_and_missing_vocabulary_fall_back_to_the_estimate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estimate = count_tokens("a plain text")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    assert count_tokens("a plain text", "gpt-4o") == estimate
    assert count_tokens("a plain text", "some-local-model") == estimate


def test_a_damaged_vocabulary_file_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "fb374d419588a4632f3f557e76b4b70aebbca790"
    file.write_bytes(b"damaged")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    assert count_tokens("a plain text", "gpt-4.1") == count_tokens("a plain text")
    assert file.read_bytes() == b"damaged"


def test_vocabulary_is_fetched_only_when_told_to_and_never_waited_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    keep_in(tmp_path / "tiktoken")
    assert (vocabulary_of("gpt-4o"), vocabulary_of("llama3.2")) == ("o200k_base", "")
    assert not has_vocabulary("gpt-4o")
    assert not (tmp_path / "tiktoken").exists()
    with pytest.raises(VocabularyError, match="no vocabulary for the model"):
        fetch("llama3.2")
    monkeypatch.setenv("HTTPS_PROXY", silent)
    began = monotonic()
    with pytest.raises(VocabularyError, match="stay estimated"):
        fetch("gpt-4o", seconds=2)
    assert monotonic() - began < 4
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "elsewhere")
    keep_in(tmp_path)
    assert os.environ["TIKTOKEN_CACHE_DIR"] == "elsewhere"
