"""Where sentences end, and where a full stop ends nothing."""

import pytest

from corpus.sentences import sentences


@pytest.mark.parametrize(
    "text",
    [
        "It grows by 0.5 mm per year.",
        "Use norms, e.g. the L2 norm.",
        "See Fig. 3 and cf. Smith et al. (2020).",
        "Derive w.r.t. Theta.",
        "Hello (It is here. Or there.) now.",
        "He said “Stop. Now.” and left.",
        "J. Smith met Dr. Who.",
        "where $a. B$ is a product",
        "no end",
    ],
)
def test_one_sentence_stays_whole(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One is here. Two is there.", 2),
        ("Really? Yes! Good.", 3),
        ("It is big. (Very big.) It grows.", 3),
        ("Values are a, b, etc. Then it stops.", 2),
        ("Ends in x. Then y.", 2),
        ("これは一つ。これは二つ。", 2),
        ("A token begins. ‘Start’ it says.", 2),
    ],
)
def test_sentences_are_parted(text: str, count: int) -> None:
    found = sentences(text)
    assert len(found) == count
    assert "".join(found).replace(" ", "") == text.replace(" ", "")
