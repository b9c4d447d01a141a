import pytest

from corpus.minilm import MiniLM
from evals.selftest import Recalling, checks, mutations
from tutor.match import Matcher


@pytest.fixture(scope="module")
def matcher(minilm: MiniLM) -> Matcher:
    return Recalling(minilm)


def test_every_scripted_tutor_comes_out_as_what_it_is(matcher: Matcher) -> None:
    seen = list(checks(matcher, limit=10))
    assert len(seen) >= 45
    wrong = [f"{c.tutor} {c.suite} {c.metric}: {c.found} not in {c.least}..{c.most}" for c in seen if not c.ok]
    assert not wrong


def test_planted_faults_are_noticed(matcher: Matcher) -> None:
    found = {(each.scorer, each.kind): each for each in mutations(matcher, limit=12)}
    assert found["citation_validity", "invented citation"].interval[0] > 0.8
    assert found["coverage", "dropped point"].found >= 0.8 * found["coverage", "dropped point"].planted
    assert all(each.planted >= 5 for each in found.values())
