import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import DeckError
from tests.loopback import Loopback, free_port, says
from tutor import load_settings, open_tutor
from tutor import session as s
from tutor.config import Settings
from tutor.errors import ConfigError, NotFoundError, StoreError
from tutor.explain import Notice, Reply
from tutor.learner import Store
from tutor.rules import kept
from tutor.settings import Profile

DECK = "1\nQ\nWhat do moles eat?\nA\nearthworms\n2\nQ\nWhere do moles live?\nA\nin tunnels\n"


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


def test_whole_loop_on_the_bundled_decks_survives_a_restart(settings: Settings, indexed: Path) -> None:
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
def test_kill_nine_after_an_event_was_shown_loses_nothing_of_it(
    settings: Settings, indexed: Path, deck: Path, seen: str
) -> None:
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


def test_what_calls_cost_is_among_the_stats_and_a_cap_stops_before_spending(words_alone: Settings, deck: Path) -> None:
    with Loopback() as server:
        profile = Profile(name="p", model="m", base_url=server.url, price_in=1.0, price_out=2.0, stream_usage=True)
        chosen = words_alone.model.model_copy(update={"use": "p", "cap_total": 0.0035})
        settings = words_alone.model_copy(update={"model": chosen, "models": {"p": profile}})
        with open_tutor(settings, decks=[deck]) as tutor:
            assert tutor.stats()["spending"] == []
            server.play(says("Earthworms [1].", usage=(900, 50)))
            list(tutor.ask("What do moles eat?"))
            spent = {row["for"]: row for row in tutor.stats()["spending"]}
            assert spent["last turn"]["input_tokens"] == 900
            assert spent["last turn"]["cost"] == spent["profile p"]["cost"] == 0.001
            assert spent["in all"]["cap"] == 0.0035
            list(tutor.ask("Where do moles live?"))
            notices = [event.text for event in tutor.ask("What do moles eat?") if isinstance(event, Notice)]
        assert len(server.chats) == 2
        assert notices[0].startswith("The spending cap is reached.")


def test_chroma_server_that_is_away_is_told_in_the_conversation(settings: Settings, deck: Path) -> None:
    away = settings.index.model_copy(update={"url": f"http://127.0.0.1:{free_port()}"})
    with open_tutor(settings.model_copy(update={"index": away}), decks=[deck]) as tutor:
        *events, reply = tutor.ask("What do moles eat?")
        assert any(isinstance(event, Notice) and "Chroma server" in event.text for event in events)
        assert isinstance(reply, Reply)
        assert "earthworms" in reply.text
        assert not any(isinstance(event, Notice) for event in tutor.ask("Where do moles live?"))


def test_learners_own_card_joins_the_bundled_decks_and_can_be_taken_back(words_alone: Settings) -> None:
    with open_tutor(words_alone) as tutor:
        before = len(tutor.cards)
        tutor.add_card("What is a quokka?", "- a small marsupial\n- it smiles", "My cards")
        card = tutor.add_card("What is a wombat?", "it digs", "My cards")
        assert (card.deck, len(tutor.cards)) == ("My cards", before + 2)
        with pytest.raises(DeckError, match="a question and an answer"):
            tutor.add_card(" ", "x", "My cards")
        tutor.undo_import(tutor.batches.all()[0])
        assert len(tutor.cards) == before + 1


def test_profile_is_switched_until_the_tutor_is_closed(words_alone: Settings) -> None:
    local = Profile(name="local", model="little", base_url="http://localhost:1/v1")
    with open_tutor(words_alone.model_copy(update={"models": {"local": local}})) as tutor:
        assert tutor.model is None
        tutor.use("local")
        assert tutor.model is not None
        assert "little" in tutor.describe_model()
        tutor.use("none")
        assert tutor.model is None
        with pytest.raises(ConfigError, match="There are: local"):
            tutor.use("far")


def test_card_that_a_signed_in_learner_makes_is_hers_alone_and_stays_hers_when_it_is_changed(
    words_alone: Settings,
) -> None:
    with open_tutor(words_alone) as tutor:
        before = tutor.cards
        made = tutor.add_card("What is a quokka?", "- a small marsupial\n- it smiles", "My cards", "ada")
        assert tutor.cards == before
        assert made.id not in tutor.session("bob").desk.by_id
        card = tutor.session("ada").desk.by_id[made.id]
        assert (card.deck, len(card.key_points)) == ("My cards", 2)
        kind, body, _ = kept(s.Edit("What is a quokka?", "it digs", "", ""))
        tutor.learner("ada").record(kind, id="e", at=datetime.now(UTC), card=made.id, body=body)
        assert tutor.session("ada").desk.by_id[made.id].answer == "it digs"
        assert tutor.session("ada").desk.by_id[made.id].deck == "My cards"
    with open_tutor(words_alone) as tutor:
        session = tutor.session("ada")
        session.decks = ("My cards",)
        *_, asked = session.act(s.Next(id="n"))
        assert isinstance(asked, s.Asked)
        assert asked.card.question == "What is a quokka?"
