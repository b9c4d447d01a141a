"""What a learner must say, point by point: all 153 bundled answers pinned, then one test a rule."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.keypoints import broken_lines, split
from corpus.read import read_deck

GOLDEN = json.loads((Path(__file__).parent / "bundled_points.json").read_text(encoding="utf-8"))


def points(answer: str) -> list[str]:
    return [f"{point.head} | {point.text}" if point.head else point.text for point in split(answer)]


def test_points_of_all_bundled_answers_are_as_a_person_checked_them(bundled: tuple[Path, ...]) -> None:
    found = [
        [path.name[:3], card.index, [[p.text, p.head] if p.head else [p.text] for p in card.key_points]]
        for path in bundled
        for card in read_deck(path).cards
    ]
    assert found == GOLDEN


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Threshold", ["Threshold"]),
        ("4", ["4"]),
        ("• one thing\n• another thing", ["one thing", "another thing"]),
        ("-first\n+second\n* third\n– fourth", ["first", "first | second", "third", "fourth"]),
        ("1. one\n2) two\n(3) three", ["one", "two", "three"]),
        (
            "(1) Handle length, (2) keep order, and (3) share parameters.",
            ["Handle length", "keep order", "share parameters."],
        ),
        ("Two uses: 1. speech 2. video", ["Two uses | speech", "Two uses | video"]),
        ("a) reading b) writing c) speaking", ["reading", "writing", "speaking"]),
        ("(+) * cheap\n* fast\n(-) * ugly", ["pro | cheap", "pro | fast", "con | ugly"]),
        ("Pros:\n- cheap\nCons:\n- ugly\n- slow", ["Pros | cheap", "Cons | ugly", "Cons | slow"]),
        ("- L1 norm:\n+ sparse\n- L2 norm:\n+ small", ["L1 norm | sparse", "L2 norm | small"]),
        (
            "reuse a model\n- for a new task\n- on new data",
            ["reuse a model", "reuse a model | for a new task", "reuse a model | on new data"],
        ),
        (
            "Condition: ends the contract\nWarranty: damages only",
            ["Condition: ends the contract", "Warranty: damages only"],
        ),
        ("It is a list of things.\nIt is long.", ["It is a list of things.", "It is long."]),
        ("red, green and blue", ["red", "green", "blue"]),
        (
            "Examples include audio, text and video.",
            ["Examples include | audio", "Examples include | text", "Examples include | video"],
        ),
        ("Pixel Accuracy / Mean Accuracy / Mean IoU", ["Pixel Accuracy", "Mean Accuracy", "Mean IoU"]),
        ("Weights grow.\ne.g. by a factor of 10", ["Weights grow. e.g. by a factor of 10"]),
        (
            "Context matters. For example, ‘I live in … Paris. I speak’ needs it.",
            ["Context matters. For example, ‘I live in … Paris. I speak’ needs it."],
        ),
        (
            "Gradient w.r.t. the weights, i.e. dL/dW. Then a step of 0.1 is taken.",
            ["Gradient w.r.t. the weights, i.e. dL/dW.", "Then a step of 0.1 is taken."],
        ),
        ("not differentiable at 0\n=> no learning", ["not differentiable at 0", "no learning"]),
        ("A → B → C", ["A → B → C"]),
        ("use dropout\nHow:\n-set some activations to 0", ["use dropout", "How | set some activations to 0"]),
        ("It is:\\nx = 1\\ny = 2", ["It is | x = 1", "It is | y = 2"]),
        ("the gradient \\nabla f is \\neq 0", ["the gradient \\nabla f is \\neq 0"]),
        (
            "- reduce shift\ni.e. it normalizes - improve stability",
            ["reduce shift i.e. it normalizes", "improve stability"],
        ),
        ("- sensitive to noise - does not generalize\n- slow", ["sensitive to noise - does not generalize", "slow"]),
        (
            "Mean IoU over all classes, each weighted by how often it is in the data, / Frequency\nweighted IoU",
            ["Mean IoU over all classes, each weighted by how often it is in the data, / Frequency weighted IoU"],
        ),
        ("Why?", ["Why?"]),
        ("...", ["..."]),
        ("-1", ["-1"]),
        ("-5 degrees", ["-5 degrees"]),
        ("The formula\n```\na = 1\nb = 2\n```", ["The formula", "```\na = 1\nb = 2\n```"]),
        ("水は液体です。氷は固体です。", ["水は液体です。", "氷は固体です。"]),
    ],
)
def test_rule(answer: str, expected: list[str]) -> None:
    assert points(answer) == expected


def test_pictures_and_sounds_are_no_points_unless_there_is_nothing_else() -> None:
    assert points("a red dot\n[image: dot.png] [sound: a.mp3]") == ["a red dot"]
    assert points("[image: dot.png]") == ["[image: dot.png]"]


def test_heading_is_no_point_and_ends_at_a_blank_line() -> None:
    answer = "Both start at random.\n\nTrain the generator:\nMake data.\nFool the judge.\n\nThen repeat both steps."
    assert points(answer) == [
        "Both start at random.",
        "Train the generator | Make data.",
        "Train the generator | Fool the judge.",
        "Then repeat both steps.",
    ]


def test_editing_one_point_keeps_the_ids_of_the_others() -> None:
    before, after = split("- one\n- two\n- three"), split("- one\n- two, mended\n- three")
    assert [before[0].id, before[2].id] == [after[0].id, after[2].id]
    assert before[1].id != after[1].id


def test_one_text_under_two_heads_is_two_points() -> None:
    found = split("A:\n- slow\nB:\n- slow")
    assert len({point.id for point in found}) == 2


def test_swallowed_bullets_and_written_line_breaks_are_found() -> None:
    assert broken_lines(r"a:\nb") == ["a:", "b"]
    assert broken_lines("- a\n+ b. - c\n+ d") == ["- a", "+ b.", "- c", "+ d"]
    assert broken_lines("truncated - keep it whole") == ["truncated - keep it whole"]


# Answers as people type them: marks, signs and headings alone on a line, at any depth.
_LINES = st.tuples(
    st.sampled_from(["", "  ", "    ", "\t"]),
    st.sampled_from(["(+) ", "(-)", "+ ", "- ", "• ", "1. ", "a) ", "→ ", "Pros:", "why?", "```", "$$", ""]),
    st.sampled_from(["cheap", "Slow and old.", "e.g. tea", "name: value", "A; B, C", ""]),
).map("".join)


@given(st.text(min_size=1, max_size=300) | st.lists(_LINES, min_size=1, max_size=6).map("\n".join))
def test_every_answer_has_a_point_and_ids_are_unique(answer: str) -> None:
    found = split(answer)
    assert found
    assert len({point.id for point in found}) == len(found)
    assert all(len(point.id) == 6 for point in found)


def test_very_long_answers_are_split_in_time() -> None:
    assert len(split("This is a sentence (with a bracket). " * 6000)) >= 1
    assert len(split("`" * 100_000 + "$$" * 50_001 + "(" * 100_000)) == 1


def test_pluses_before_minuses_say_what_speaks_for_and_against() -> None:
    found = [(point.head, point.text) for point in split("+ quick\n+ simple\n- inexact")]
    assert found == [("pro", "quick"), ("pro", "simple"), ("con", "inexact")]
    indented = split("(+)\n  - quick\n  - simple\n(-)\n  - inexact")
    assert [(point.head, point.text) for point in indented] == found


def test_list_that_lost_all_its_line_breaks_is_cut_at_its_dashes() -> None:
    assert [point.text for point in split("- heat - light - sound")] == ["heat", "light", "sound"]
    assert len(split("- a term - what it means")) == 1


def test_what_the_question_says_is_no_point() -> None:
    assert [point.text for point in split("Ah!\nreading: ああ", "ああ")] == ["Ah!"]
    assert [point.text for point in split("to be\nreading: ある", "在る")] == ["to be", "reading: ある"]
    assert [point.text for point in split("ああ", "ああ")] == ["ああ"]


def test_source_in_the_midst_of_an_answer_is_no_point() -> None:
    answer = "Source: Systems\nBalancers spread requests.\nSource(s) and further reading: caches\nThey end TLS."
    assert [point.text for point in split(answer)] == ["Balancers spread requests.", "They end TLS."]
    assert [point.text for point in split("Sources: rain and snow", "What feeds a river?")] == [
        "Sources: rain and snow"
    ]
