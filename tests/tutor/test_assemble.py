import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import DeckError
from tutor import load_settings, open_tutor
from tutor import session as s
from tutor.config import Settings
from tutor.errors import NotFoundError, StoreError
from tutor.explain import Notice, Reply
from tutor.learner import Store

DECK = "1\nQ\nWhat do moles eat?\nA\nearthworms\n2\nQ\nWhere do moles live?\nA\nin tunnels\n"


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedder's graph is made once for all tests here."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def settings(home: Path, shared_cache: Path) -> Settings:
    return load_settings(environ={"XDG_DATA_HOME": str(home / "data")}).model_copy(update={"cache_dir": shared_cache})


@pytest.fixture
def words_alone(settings: Settings) -> Settings:
    return settings.model_copy(update={"embeddings": settings.embeddings.model_copy(update={"use": "none"})})


@pytest.fixture
def deck(tmp_path: Path) -> Path:
    path = tmp_path / "moles.txt"
    path.write_text(DECK, encoding="utf-8")
    return path


def act(session: s.Session, move: s.Move) -> list[Any]:
    return list(session.act(move))


def test_whole_loop_on_the_bundled_decks_survives_a_restart(settings: Settings) -> None:
    with open_tutor(settings) as tutor:
        assert len(tutor.decks) == 5
        assert tutor.search("what is a GRU made of?", 3).results
        assert tutor.retriever.index is not None
        assert tutor.retriever.index.wait(60)
        session = tutor.session()
        (asked,) = act(session, s.Next())
        card = tutor.card(asked.card.id)
        graded, revealed = act(session, s.Commit(card.answer))
        assert (graded.grade.verdict, revealed.card) == ("correct", card)
        act(session, s.Rate(revealed.preset))
    with open_tutor(settings) as tutor:
        assert tutor.session().progress().reviewed_today == 1
        assert tutor.due()["new"] == len(tutor.cards) - 1
        assert tutor.stats()["reviews"] == 1
        assert tutor.settings.data_dir.is_dir()


def test_first_card_waits_for_no_heavy_part(settings: Settings) -> None:
    code = (
        "import sys; from tutor import load_settings, open_tutor; from tutor.session import Next\n"
        "with open_tutor(load_settings()) as tutor: print(len(list(tutor.session().act(Next()))))\n"
        "heavy = {'chromadb', 'onnxruntime', 'openai', 'langchain_core', 'gradio'} & set(sys.modules)\n"
        "sys.exit(str(sorted(heavy)) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


def test_named_deck_wins_and_imported_decks_replace_the_bundled_ones(words_alone: Settings, deck: Path) -> None:
    with open_tutor(words_alone, decks=[deck]) as tutor:
        assert [card.question for card in tutor.cards] == ["What do moles eat?", "Where do moles live?"]
    with open_tutor(words_alone) as tutor:
        assert len(tutor.decks) == 5
        (came,) = tutor.import_decks([deck])
        assert (len(came), len(tutor.decks)) == (2, 1)
        assert tutor.search("moles eat").results[0].card.question == "What do moles eat?"
    deck.unlink()
    with open_tutor(words_alone) as tutor:
        assert len(tutor.cards) == 2


def test_every_reader_of_the_log_reckons_with_the_retention_that_is_set(words_alone: Settings, deck: Path) -> None:
    dues = {}
    for retention in (0.8, 0.95):
        study = words_alone.study.model_copy(update={"retention": retention})
        with open_tutor(words_alone.model_copy(update={"study": study}), decks=[deck]) as tutor:
            session = tutor.session()
            if not session.learner.reviews():
                act(session, s.Next())
                act(session, s.DontKnow())
                act(session, s.Rate(5))
            assert tutor.store.learner() is session.learner
            dues[retention] = session.learner.memories(tutor.cards)[session.learner.reviews()[0].card].due
    assert dues[0.95] < dues[0.8]


def test_studying_leaves_a_backup_beside_the_database(words_alone: Settings, deck: Path) -> None:
    with open_tutor(words_alone, decks=[deck]) as tutor:
        act(tutor.session(), s.Next())
    (copy,) = (words_alone.data_dir / "backups").iterdir()
    with Store.open(f"sqlite:///{copy}", read_only=True) as store:
        assert store.check() == ()
        assert store.learners() == ("me",)


def test_import_of_an_unreadable_deck_copies_none(words_alone: Settings, deck: Path, tmp_path: Path) -> None:
    with open_tutor(words_alone) as tutor:
        with pytest.raises(DeckError):
            tutor.import_decks([deck, tmp_path / "none.txt"])
        assert list((words_alone.data_dir / "decks").glob("*.txt")) == []


def test_importing_a_deck_again_keeps_what_was_learned(words_alone: Settings, deck: Path) -> None:
    with open_tutor(words_alone) as tutor:
        tutor.import_decks([deck])
        session = tutor.session()
        act(session, s.Next())
        act(session, s.DontKnow())
        act(session, s.Rate(5))
        deck.write_text(DECK.replace("earthworms", "earthworms and beetle grubs"), encoding="utf-8")
        tutor.import_decks([deck])
        assert tutor.session().progress().learned == 1
        assert "beetle" in tutor.cards[0].answer


def test_card_and_deck_are_found_by_name_or_refused_in_plain_words(words_alone: Settings) -> None:
    with open_tutor(words_alone) as tutor:
        assert tutor.deck(Path(tutor.decks[0].path).stem) == tutor.decks[0]
        assert tutor.deck("Part 1 Flashcards").name == "Part 1 Flashcards"
        with pytest.raises(NotFoundError, match="there are 2 decks called"):
            tutor.deck(tutor.decks[0].name)
        with pytest.raises(NotFoundError, match="there is no deck called 'Moles'"):
            tutor.deck("Moles")
        with pytest.raises(NotFoundError, match="there is no card 'x'"):
            tutor.card("x")


def test_second_tutor_is_refused_but_may_read(words_alone: Settings, deck: Path) -> None:
    with open_tutor(words_alone, decks=[deck]):
        with pytest.raises(StoreError, match="in use by another tutor"):
            open_tutor(words_alone, decks=[deck])
        with open_tutor(words_alone, decks=[deck], read_only=True) as beside:
            assert beside.due()["new"] == 2


def test_unreadable_deck_leaves_the_database_free(words_alone: Settings, tmp_path: Path, deck: Path) -> None:
    with pytest.raises(DeckError):
        open_tutor(words_alone, decks=[tmp_path / "none.txt"])
    open_tutor(words_alone, decks=[deck]).close()


def test_question_about_the_card_in_play_gives_nothing_away(words_alone: Settings, deck: Path) -> None:
    with open_tutor(words_alone, decks=[deck]) as tutor:
        mole = tutor.cards[0]
        for question in ("What do moles eat?", "is it earthworms?", "tell me what moles eat"):
            for event in tutor.ask(question, exclude={mole.id}):
                assert "earthworms" not in getattr(event, "text", "")
        assert "earthworms" in list(tutor.ask("What do moles eat?"))[-1].text


def test_missing_weights_are_told_once_and_search_goes_by_words(
    settings: Settings, deck: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corpus import minilm

    monkeypatch.setattr(minilm, "_package_folder", lambda: None)
    with open_tutor(settings, decks=[deck]) as tutor:
        first = list(tutor.ask("What do moles eat?"))
        assert isinstance(first[0], Notice)
        assert "by words alone" in first[0].text
        assert "earthworms" in first[-1].text
        assert not any(isinstance(event, Notice) for event in tutor.ask("Where do moles live?"))
        assert tutor.grade(tutor.cards[0], "earthworms").verdict == "correct"


def test_model_without_its_key_is_told_and_the_cards_are_quoted(words_alone: Settings, deck: Path) -> None:
    toml = deck.with_name("tutor.toml")
    toml.write_text('[model]\nuse = "far"\n[models.far]\nmodel = "m"\napi_key_env = "NO_SUCH_KEY"\n', encoding="utf-8")
    far = load_settings(toml, environ={}).model_copy(
        update={"data_dir": words_alone.data_dir, "store": words_alone.store}
    )
    far = far.model_copy(update={"embeddings": words_alone.embeddings})
    with open_tutor(far, decks=[deck]) as tutor:
        events = list(tutor.ask("What do moles eat?"))
        assert isinstance(events[0], Notice)
        assert isinstance(events[-1], Reply)
        assert "earthworms" in events[-1].text
        assert tutor.model is None


def test_model_in_use_is_described_with_where_it_runs_and_what_leaves(words_alone: Settings, deck: Path) -> None:
    toml = deck.with_name("tutor.toml")
    toml.write_text('[model]\nuse = "near"\n[models.near]\nmodel = "m"\nbase_url = "http://localhost:9/v1"\n')
    with open_tutor(words_alone, decks=[deck]) as tutor:
        assert tutor.describe_model().startswith("No language model is in use")
        near = load_settings(toml, environ={})
        tutor.settings = near
        assert tutor.describe_model() == (
            "The language model m is in use, on this machine (localhost:9). Nothing leaves this machine."
        )


def test_text_can_be_graded_against_a_reference_alone(words_alone: Settings, deck: Path) -> None:
    with open_tutor(words_alone, decks=[deck]) as tutor:
        reference = "The heart pumps blood through the body."
        assert tutor.grade(reference, "The heart pumps the blood through the whole body").verdict == "correct"
        assert tutor.grade(reference, "A bird that lives by the sea").verdict == "wrong"


KILLED = """
import sys
from pathlib import Path
from tutor import load_settings, open_tutor
from tutor import session as s
tutor = open_tutor(load_settings(), decks=[Path(sys.argv[1])])
session = tutor.session()
list(session.act(s.Next()))
for event in session.act(s.Commit("they eat earthworms")):
    print(type(event).__name__, flush=True)
    if type(event).__name__ == sys.argv[2]:
        sys.stdin.read()
for event in session.act(s.Rate(4)):
    print(type(event).__name__, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("seen", ["Graded", "Rated"])
def test_kill_nine_after_an_event_was_shown_loses_nothing_of_it(settings: Settings, deck: Path, seen: str) -> None:
    command = [sys.executable, "-c", KILLED, str(deck), seen]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdin is not None
    while child.stdout.readline().strip() != seen:
        assert child.poll() is None
    child.kill()
    child.wait()
    child.stdout.close()
    child.stdin.close()
    with open_tutor(settings, decks=[deck]) as tutor:
        session = tutor.session()
        assert tutor.store.check() == ()
        if seen == "Graded":
            view = session.view()
            assert (view.phase, view.answer) == ("graded", "they eat earthworms")
            assert view.grade is not None
        else:
            assert [review.value for review in session.learner.reviews()] == [4]
