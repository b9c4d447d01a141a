"""The retriever as LangChain knows one, for chains of one's own.

Searches nothing itself. Imports LangChain when it is first asked for.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever

__all__ = ["card_retriever"]


def card_retriever(search: Callable[..., Any], k: int) -> "BaseRetriever":
    """A retriever over `search` of `corpus.retrieve`: each card a Document, and nothing where none answers."""
    from langchain_core.callbacks import CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    class CardRetriever(BaseRetriever):
        """LangChain's view of `corpus.Retriever`; nothing where no card answers."""

        k: int

        def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
            found = search(query, self.k)
            return [
                Document(
                    id=one.card.id,
                    page_content=one.card.text,
                    metadata={
                        "card": one.card.id,
                        "deck": one.card.deck,
                        "question": one.card.question,
                        "score": one.score,
                        "reason": one.reason,
                        "answerable": found.answerable,
                    },
                )
                for one in found.results
            ]

    return CardRetriever(k=k)
