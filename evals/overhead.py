"""Time to the first words: the tutor, a loop written by hand, and the LangChain and Chroma tutorial, over one server.

Overhead is that time less the server's own, taken in the same round by a bare request with the tutor's own prompt.
"""

import http.client
import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np

from corpus.card import Card, card_id

if TYPE_CHECKING:
    from corpus.embed import Embedder, Floats, Pieces
    from corpus.minilm import MiniLM
    from corpus.retrieve import Retriever

# Asks a question; gives the pieces of the reply as they come.
Way = Callable[[str], Iterator[object]]

MODEL = "echo"
# Seconds after which the threads that one way's product of matrices woke have stopped spinning on the cores that the
# next way needs: OpenBLAS lets them spin for some 30 ms.
_PAUSE = 0.06
_MARK = re.compile(r" \(variant \d+\)| \d+$")


def many(cards: Sequence[Card], count: int) -> tuple[Card, ...]:
    """So many cards, made of these by numbering them."""
    made = []
    for number in range(count):
        card = cards[number % len(cards)]
        question = f"{card.question} (variant {number})"
        made.append(replace(card, id=card_id(question), question=question, answer=f"{card.answer} {number}"))
    return tuple(made)


class Variants:
    """The built-in embedder at its own pace for queries; cards made by `many` get the vectors of their model, moved."""

    identity = "variants"

    def __init__(self, minilm: "MiniLM") -> None:
        self._minilm = minilm
        self._known: dict[str, tuple[Floats, Pieces]] = {}
        self.dimensions = minilm.dimensions

    def embed(self, texts: Sequence[str]) -> "Floats":
        """One row of unit length a text."""
        return self.embed_words(texts)[0]

    def embed_words(self, texts: Sequence[str]) -> "tuple[Floats, list[Pieces]]":
        """Vectors and the states of words."""
        if len(texts) == 1 and not _MARK.search(texts[0]):
            vectors, pieces = self._minilm.embed_words(texts)
            return vectors, list(pieces)
        found = [self._of(_MARK.sub("", text)) for text in texts]
        rows = np.array([vector for vector, _ in found])
        rows += 0.03 * np.random.default_rng(len(texts)).standard_normal(rows.shape, dtype=np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows, [pieces for _, pieces in found]

    def _of(self, text: str) -> "tuple[Floats, Pieces]":
        if text not in self._known:
            vectors, [pieces] = self._minilm.embed_words([text])
            self._known[text] = vectors[0], pieces
        return self._known[text]


def first_words(
    cards: Sequence[Card], embedder: "Embedder", questions: Sequence[str], url: str, folder: Path
) -> Mapping[str, list[float]]:
    """Seconds of overhead before the first words, one a question, of "tutor", "by hand" and "tutorial".

    The ways take turns, so that what else the machine does meets all of them; "server" is the server's own time.
    """
    from corpus.retrieve import Retriever

    with ExitStack() as stack:
        retriever = stack.enter_context(closing(Retriever(cards, embedder, folder / "ours")))
        index = retriever.index
        if index is None:
            raise ValueError("there is nothing to search")
        ways: dict[str, Way] = {
            "server": _bare(url, stack),
            "tutor": _tutor(retriever, url, stack),
            "by hand": _by_hand(cards, embedder, index.vectors, url, stack),
            "tutorial": _tutorial(cards, embedder, index.vectors, folder / "theirs", url, stack),
        }
        index.wait()
        took = _in_turns(ways, questions)
    server = median(took["server"])
    return {
        name: seconds if name == "server" else [max(0.0, each - server) for each in seconds]
        for name, seconds in took.items()
    }


def _in_turns(ways: Mapping[str, Way], questions: Sequence[str]) -> dict[str, list[float]]:
    """Seconds to the first piece of each way, a question a round."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for place, question in enumerate([*questions[:2], *questions]):
        for name, way in ways.items():
            time.sleep(_PAUSE)
            begun = time.perf_counter()
            pieces = way(question)
            next(piece for piece in pieces if piece)
            if place > 1:  # the first rounds open connections and fill caches
                took[name].append(time.perf_counter() - begun)
            deque(pieces, 0)
    return took


def _bare(url: str, stack: ExitStack) -> Way:
    """A request over an open connection, about as large as the tutor's own."""
    connection = stack.enter_context(closing(http.client.HTTPConnection(urlsplit(url).netloc)))
    message = {"role": "user", "content": "word " * 800}
    body = json.dumps({"model": MODEL, "messages": [message], "stream": True, "max_tokens": 1024})

    def ask(question: str) -> Iterator[object]:
        connection.request("POST", f"{urlsplit(url).path}/chat/completions", body, {"Content-Type": "application/json"})
        with connection.getresponse() as reply:
            yield from (line for line in reply if line.startswith(b"data:"))

    return ask


def _tutor(retriever: "Retriever", url: str, stack: ExitStack) -> Way:
    from tutor.explain import Explainer, Said
    from tutor.model import open_model
    from tutor.settings import Profile
    from tutor.usage import Ledger, Metered

    profile = Profile(name=MODEL, model=MODEL, base_url=url)
    opened = stack.enter_context(closing(open_model(profile, environ={})))
    model = Metered(opened, Ledger({MODEL: profile}), profile)
    explainer = Explainer(retriever, model, context=profile.context, max_tokens=profile.max_tokens)

    def ask(question: str) -> Iterator[object]:
        yield from (event.text for event in explainer.ask(question) if isinstance(event, Said))

    return ask


def _by_hand(cards: Sequence[Card], embedder: "Embedder", vectors: "Floats", url: str, stack: ExitStack) -> Way:
    """What an engineer writes without a framework: one product of matrices, one string, the openai client."""
    from openai import OpenAI

    client = stack.enter_context(OpenAI(base_url=url, api_key="none"))

    def ask(question: str) -> Iterator[object]:
        near = vectors @ embedder.embed([question])[0]
        best = np.argpartition(-near, 5)[:5]
        told = "\n\n".join(cards[at].text for at in best)
        message = f"Answer from these cards alone:\n{told}\n\nQuestion: {question}"
        with client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": message}], stream=True
        ) as stream:
            yield from (chunk.choices[0].delta.content for chunk in stream if chunk.choices)

    return ask


def _tutorial(
    cards: Sequence[Card], embedder: "Embedder", vectors: "Floats", folder: Path, url: str, stack: ExitStack
) -> Way:
    """The chain of the tutorials: a Chroma collection, a prompt template, a chat model, a parser of text."""
    import chromadb
    from langchain_core.output_parsers import StrOutputParser
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_core.runnables import RunnableLambda, RunnablePassthrough
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    client: Any = chromadb.PersistentClient(str(folder))
    stack.callback(client.close)
    collection = client.create_collection("tutorial", embedding_function=None)
    for first in range(0, len(cards), 5_000):
        part = slice(first, first + 5_000)
        ids, texts = [card.id for card in cards[part]], [card.text for card in cards[part]]
        collection.add(ids=ids, embeddings=vectors[part], documents=texts)

    def retrieve(question: str) -> str:
        found = collection.query(query_embeddings=embedder.embed([question]), n_results=5)
        return "\n\n".join((found["documents"] or [[]])[0])

    prompt = ChatPromptTemplate.from_template("Answer from these cards alone:\n{cards}\n\nQuestion: {question}")
    model = ChatOpenAI(model=MODEL, base_url=url, api_key=SecretStr("none"))
    stack.callback(model.root_client.close)
    chain = {"cards": RunnableLambda(retrieve), "question": RunnablePassthrough()} | prompt | model | StrOutputParser()
    return lambda question: iter(chain.stream(question))
