import pytest

from tutor.formula import compare


@pytest.mark.parametrize(
    ("point", "answer"),
    [
        ("F = m * a", "F=ma"),
        ("F = m * a", "a = F/m"),
        ("F = m * a", "It is given by F = a·m, where m is the mass."),
        ("E = mc^2", "E = m c²"),
        ("h_t = tanh(W x_t + U h_{t-1})", "h_t = tanh(U h_{t-1} + W x_t)"),
        ("precision = TP / (TP + FP)", "precision = TP/(FP+TP)"),
        ("gradients vanish where w < 1", "they vanish if 1 > w"),
        ("v = sqrt(2 g h)", "v^2 = 2gh"),
        ("force = mass * acceleration", "force = acceleration * mass"),
    ],
)
def test_the_same_formula_in_another_form_is_the_same(point: str, answer: str) -> None:
    assert compare(point, answer) == "same"


@pytest.mark.parametrize(
    ("point", "answer"),
    [
        ("F = m * a", "F = m / a"),
        ("E = mc^2", "E = mc^3"),
        ("precision = TP / (TP + FP)", "precision = TP / (TP + FN)"),
        ("h_t = f(W x_t + U h_{t-1})", "h_t = f(W x_t - U h_{t-1})"),
        ("gradients vanish where w < 1", "they vanish where w > 1"),
        ("a^2 + b^2 = c^2", "a^2 - b^2 = c^2"),
        ("V = I * R", "I = V * R"),
        ("eta = 0.1", "eta = 10"),
    ],
)
def test_another_formula_on_the_same_quantities_is_another(point: str, answer: str) -> None:
    assert compare(point, answer) == "other"


@pytest.mark.parametrize(
    ("point", "answer"),
    [
        ("F = m * a", "the force is the mass times the acceleration"),
        ("F = m * a", "E = mc^2"),
        ("Positive gradients = features the neuron likes", "Negative gradients = features the neuron likes"),
        ("a low loss", "x = 3"),
        ("x = (", "x = )"),
        ("x = 1/0", "x = 0/0"),
    ],
)
def test_what_is_no_formula_or_on_other_quantities_is_not_compared(point: str, answer: str) -> None:
    assert compare(point, answer) == ""


def test_a_long_text_is_read_in_no_time() -> None:
    assert compare("x = 1 + 1", "x = " + "(" * 20_000) in ("", "other")
    assert compare("x = y", "= " * 20_000 + "x") == ""
