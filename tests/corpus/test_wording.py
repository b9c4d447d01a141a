import pytest

from corpus.chunk import Chunk
from corpus.lexical import Lexical
from corpus.wording import Wording, short_forms

TEXTS = ["What does the forget gate do?\nforgets", "What is backpropagation?\ncomputes gradients", "GAN\ntwo networks"]
COMMON = {word: rank for rank, word in enumerate("the what people swap invented review view picture memory".split())}


@pytest.fixture(scope="module")
def wording() -> Wording:
    chunks = [Chunk(id=text, card=text, deck="d", path="p", part=0, text=text) for text in TEXTS]
    return Wording(Lexical(chunks), COMMON)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("frget gate", "forget gate"),
        ("backpropogation gradeints", "backpropagation gradients"),
        ("backpropagtion", "backpropagation"),
        ("pepole and pictuer", "people and picture"),
        ("forget gate", "forget gate"),
        ("swapping, invent, networked", "swapping, invent, networked"),
        ("zyzzyva gato", "zyzzyva gate"),
        ("Gradients? GAN!", "Gradients? GAN!"),
        ("über die Größe", "über die Größe"),
        ("what are the good sides and bad sides", "what are the advantages and disadvantages"),
        ("", ""),
    ],
)
def test_slips_are_mended_and_plain_phrases_put_as_cards_put_them(query: str, expected: str, wording: Wording) -> None:
    assert wording.rewrite(query) == expected


def test_without_a_list_of_common_words_only_words_of_the_cards_are_mended_to() -> None:
    chunk = Chunk(id="1", card="1", deck="d", path="p", part=0, text=TEXTS[0])
    assert Wording(Lexical([chunk])).rewrite("pepole frget") == "pepole forget"


def test_a_short_form_that_no_card_uses_is_written_out_where_the_cards_have_its_words() -> None:
    texts = ["Mean Intersection over Union", "intersection over union is a share", "the cat and the tree", "A big car"]
    chunks = [Chunk(id=text, card=text, deck="d", path="p", part=0, text=text) for text in texts]
    wording = Wording(Lexical(chunks), None, short_forms(texts))
    assert wording.rewrite("mean IoU") == "mean intersection over union"
    assert wording.rewrite("cat tat abc bc") == "cat tat abc bc"
