"""Every text the page itself says, in one place. What the tutor says about a card comes from the session.

Words with `{slots}` are filled with `str.format`.
"""

from dataclasses import dataclass, field

__all__ = ["ENGLISH", "Words"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The page's texts in one language; the defaults are English."""

    title: str = "Flashcard tutor"
    study: str = "Study"
    ask: str = "Ask"
    decks: str = "Decks"
    progress: str = "Progress"

    deck: str = "Deck"
    all_decks: str = "All decks"
    progress_line: str = "{due} due · {new} new · {learned} learned"
    done_today: str = "{count} reviewed today"
    points_one: str = "1 point to make"
    points_many: str = "{count} points to make"
    why: str = "Why this card"

    answer: str = "Your answer"
    answer_hint: str = "Answer in your own words"
    commit: str = "Answer"
    hint: str = "Hint"
    hint_more: str = "Another hint"
    hint_number: str = "Hint {level}"
    dont_know: str = "I don't know"
    skip: str = "Skip"

    headline: dict[str, str] = field(
        default_factory=lambda: {
            "correct": "Right",
            "partial": "Partly right",
            "wrong": "Not yet",
            "ungraded": "You decide",
        }
    )
    made_count: str = "{made} of {all} points made"
    told: str = "Here is the answer"
    left_open: str = "Left open"
    unsettled: str = "The tutor is not sure about this answer. Compare it with the card and tick the points you made."
    ticked: str = "Ticked by you"
    verdict: dict[str, str] = field(
        default_factory=lambda: {
            "made": "Made",
            "partly": "Partly made",
            "missed": "Missed",
            "contradicted": "Contradicted",
            "unsure": "Not sure",
        }
    )
    points: str = "Key points"
    you_said: str = "You said"
    reference: str = "On the card"
    no_answer: str = "No answer given"
    feedback: str = "In words"
    tick_label: str = "Points I made"
    tick: str = "Save my ticks"

    rate: str = "How well did you know this?"
    rate_words: tuple[str, ...] = ("Not at all", "A little", "Partly", "Well", "Perfectly")
    next: str = "Next card"
    undo: str = "Undo rating"
    appeal: str = "The grade is wrong"
    explain: str = "Explain this card"
    end: str = "Finish for now"
    again: str = "Keep going"
    ended: str = "Done for now"

    side: str = "Ask about something else"
    side_label: str = "Your question (the card in play is left out of the answer until you have answered it)"
    side_send: str = "Ask"
    stop: str = "Stop"
    stopped: str = "Stopped."

    ask_label: str = "Your question"
    ask_hint: str = "Ask your decks anything"
    ask_intro: str = "Ask your cards"
    ask_intro_text: str = "Answers come from your decks only, each with the cards it stands on."
    ask_clear: str = "New conversation"
    ask_waits: str = "A card in Study waits for your answer, so replies here keep clear of it."
    ask_aside: str = "Put the card aside"
    not_in_cards: str = "This is not in your cards. The nearest ones:"
    looking: str = "Looking in your cards"
    copy: str = "Copy"
    copied: str = "Copied"
    sources: str = "Cards"
    cite: str = "Open card {number}: {question}"
    in_play: str = "This card is waiting for your answer. It opens once you have answered."
    no_such_card: str = "This card is no longer in your decks."
    close: str = "Close"
    card_place: str = "{file}, line {line}"

    table_deck: str = "Deck"
    table_cards: str = "Cards"
    table_due: str = "Due"
    table_new: str = "New"
    table_learned: str = "Learned"
    table_today: str = "Today"
    table_all: str = "All decks"

    findings: str = "Findings"
    skipped: str = "Left out"
    findings_in: str = "{deck}: {count} found"
    line: str = "Line {line}:"
    drop: str = "Drop deck files here to study them. Your own decks take the place of the examples."
    drop_label: str = "Deck files"
    imported: str = "{decks} decks with {cards} cards are yours now."
    import_failed: str = "Nothing was imported."
    find: str = "Find a card"
    find_hint: str = "Words or a question"
    cards_shown: str = "{shown} of {total} cards"

    coming: str = "Coming back"
    coming_one: str = "{count} cards on {day}"
    past: str = "Reviewed"
    past_one: str = "{count} reviews on {day}"
    today: str = "today"

    keys: str = "Keys"
    key_rows: tuple[tuple[str, str], ...] = (
        ("Enter", "send your answer; take the suggested rating; next card"),
        ("Shift Enter", "new line in your answer"),
        ("Esc", "leave the text box, so that the keys below work; close a card"),
        ("A", "back to your answer"),
        ("H", "hint"),
        ("D", "I don't know"),
        ("S", "skip this card"),
        ("1 to 5", "how well you knew it"),
        ("N", "next card"),
        ("U", "undo the rating"),
        ("?", "ask about something else"),
    )
    trouble: str = "Something went wrong and was written to the log. What you had saved is safe; try again."


ENGLISH = Words()
