from evals.mutate import drop, good, invent, mutants, negate, swap

POINTS = ["the input gate is open", "it stores words", "colour"]


def test_a_point_is_dropped_unless_it_is_the_only_one() -> None:
    assert drop(POINTS, 0) == "- it stores words [1]\n- colour [1]"
    assert drop(["one"], 0) is None


def test_a_point_is_turned_round_by_putting_a_negation_in_or_taking_it_out() -> None:
    assert negate(POINTS, 0) == good(["the input gate is not open", *POINTS[1:]])
    assert negate(["it cannot fly"], 0) == "- it can fly [1]"
    assert negate(["it does not fly"], 0) == "- it does fly [1]"
    assert negate(POINTS, 2) is None


def test_terms_are_swapped_only_where_that_says_something_else() -> None:
    assert swap(POINTS, 0) == good(["the output gate is open", *POINTS[1:]])
    assert swap(["from input to output"], 0) is None
    assert swap(["colour"], 0) is None


def test_a_citation_is_invented_for_one_point() -> None:
    assert invent(["a", "b"], 1) == "- a [1]\n- b [9]"


def test_mutants_differ_from_the_good_text() -> None:
    made = list(mutants(POINTS))
    assert all(mutant.text != good(POINTS) for mutant in made)
    assert {mutant.kind for mutant in made} == {"dropped point", "negation", "swapped terms", "invented citation"}
