"""Every text the page itself says, in one place. What the tutor says about a card comes from the session.

Words with `{slots}` are filled with `str.format`.
"""

from dataclasses import dataclass, field

__all__ = ["ENGLISH", "Words", "counted"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The page's texts in one language; the defaults are English."""

    language: str = "en"
    title: str = "Flashcard tutor"
    about: str = "Study your flashcards"
    study: str = "Study"
    ask: str = "Ask"
    decks: str = "Decks"
    progress: str = "Progress"
    models: str = "Models"

    # One of it, and any other number of it.
    nouns: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {
            "point": ("point", "points"),
            "deck": ("deck", "decks"),
            "card": ("card", "cards"),
            "day": ("day", "days"),
            "review": ("review", "reviews"),
            "minute": ("minute", "minutes"),
        }
    )
    deck: str = "Deck"
    all_decks: str = "All decks"
    progress_line: str = "{due} due · {new} new · {learned} learned"
    done_today: str = "{count} reviewed today"
    left_today: str = "{count} left today, about {minutes} min"
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
    reveal: str = "Show the answer"
    skip: str = "Skip"
    sure: str = "How sure are you?"
    sure_words: tuple[str, ...] = ("a guess", "unsure", "half", "sure", "certain")

    headline: dict[str, str] = field(
        default_factory=lambda: {
            "correct": "Right",
            "partial": "Partly right",
            "wrong": "Not yet",
            "ungraded": "You decide",
        }
    )
    made_count: str = "{made} of {points} made"
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
    feedback: str = "All of the feedback"
    tick_label: str = "Points I made"
    tick: str = "Save my ticks"

    rate: str = "How well did you know this?"
    rate_words: tuple[str, ...] = ("Not at all", "A little", "Partly", "Well", "Perfectly")
    next: str = "Next card"
    undo: str = "Undo"
    appeal: str = "Appeal"
    appeal_reason: str = "Why is the grade wrong? What you say here is looked at, and both grades are kept."
    appeal_send: str = "Look again"
    second: str = "Second try"
    deeper: str = "Explain"
    depths: dict[str, str] = field(
        default_factory=lambda: {
            "why": "Why",
            "example": "Example",
            "simpler": "Simpler",
            "deeper": "Deeper",
            "contrast": "Contrast",
        }
    )
    more: str = "More for this card"
    edit: str = "Edit"
    bury: str = "Not before tomorrow"
    suspend: str = "Never again"
    mark: str = "Something is wrong with it"
    mark_reason: str = "What is wrong with this card?"
    mark_send: str = "Mark it"
    marked: str = "Marked by you: {note}"
    split: str = "Split into its points"
    save: str = "Save"
    cancel: str = "Cancel"
    question: str = "Question"
    card_answer: str = "Answer"
    card_points: str = "Key points, one a line"
    card_tags: str = "Tags, parted by commas"
    end: str = "Finish for now"
    again: str = "Keep going"
    ended: str = "Done for now"
    went_well: str = "Went well"
    look_again: str = "Look at these again"
    comes_back: str = "Comes back"
    back_line: str = "{when}: {count}"
    tomorrow: str = "tomorrow"
    in_days: str = "in {days} days"

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
    ask_again: str = "Ask again"
    ask_edit: str = "Change my question"
    ask_waits: str = "A card in Study waits for your answer, so replies here keep clear of it."
    ask_aside: str = "Put the card aside"
    not_in_cards: str = "This is not in your cards. The nearest ones:"
    looking: str = "Looking in your cards"
    copy: str = "Copy"
    copied: str = "Copied"
    sources: str = "Cards"
    cite: str = "Open card {number}: {question}"
    quiz_me: str = "Quiz me on this"
    make_card: str = "Make a card of this"
    draft_intro: str = "A draft in your own deck. Say it in your own words before you add it."
    draft_add: str = "Add the card"
    draft_done: str = "Added to “{deck}”. It comes up in Study."
    own_deck: str = "My cards"
    in_play: str = "This card is waiting for your answer. It opens once you have answered."
    no_such_card: str = "This card is no longer in your decks."
    close: str = "Close"
    card_place: str = "{file}, line {line}"

    suspend_card: str = "Suspend"
    join: str = "Join with another"
    join_with: str = "The card to take in; it is put away once you save"
    bring_back: str = "Bring back"
    saved: str = "Saved, for you alone; the deck's file stays as it is."
    suspended: str = "Suspended"
    no_answer_yet: str = "A card needs a question and an answer."
    reviews_of: str = "Your reviews of it"
    no_reviews: str = "You have not reviewed it yet."
    review_heads: tuple[str, ...] = ("When", "Rating", "Grade", "Sure", "Seconds")

    table_deck: str = "Deck"
    table_cards: str = "Cards"
    table_due: str = "Due"
    table_new: str = "New"
    table_learned: str = "Learned"
    table_last: str = "Last studied"
    never: str = "–"

    findings_in: str = "{deck}: {count} found"
    line: str = "Line {line}:"
    drop: str = "Drop deck files here to study them. Your own decks take the place of the examples."
    drop_label: str = "Deck files"
    importing: str = "Reading {files}"
    imported: str = "Yours now: {decks} with {cards}."
    found_in_import: str = "{count} found in them; see the findings below."
    take_back: str = "Take back the last import"
    taken_back: str = "Taken back: {batch}."
    whole_deck: str = "Export or check a deck"
    audit_label: str = "How far can the grader be trusted on this deck? It is tried on made answers of known worth."
    audit: str = "Try the grader"
    auditing: str = "Grading made answers: {share}% done"
    audited: str = "{answers} made answers to {cards} cards were graded, without a language model."
    audit_heads: tuple[str, ...] = ("What was found", "Share", "95% interval", "Count")
    # In the order of `tutor.audit.Audit.rates`.
    audit_rates: tuple[str, ...] = (
        "Right answers found right or partly right",
        "Right answers called wrong for certain",
        "Contradicted answers called correct for certain",
        "Contradicted answers called correct at all",
        "Empty, copied or other cards' answers not called wrong",
        "Orders to the grader that earned anything",
        "Answers left for you to decide",
    )
    audit_weak: str = "Look twice at its grades for these cards:"
    export_label: str = "Save a deck as"
    exported: str = "{file} is ready"
    state: str = "Show"
    states: dict[str, str] = field(
        default_factory=lambda: {
            "all": "All cards",
            "due": "Due",
            "new": "New",
            "learned": "Learned",
            "suspended": "Suspended",
            "marked": "Marked",
            "leech": "Forgotten often",
        }
    )
    import_failed: str = "Nothing was imported."
    find: str = "Find a card"
    find_hint: str = "Words or a question"
    cards_shown: str = "{shown} of {total} cards"

    charts: dict[str, str] = field(
        default_factory=lambda: {
            "coming": "Cards coming back",
            "past": "Reviews a day",
            "minutes": "Minutes a day",
            "retention": "Recalled, week by week",
            "calibration": "How sure you were, and how often you were right",
            "mastery": "Expected to be remembered now",
            "weakest": "Weakest points",
        }
    )
    y_titles: dict[str, str] = field(
        default_factory=lambda: {
            "coming": "cards",
            "past": "reviews",
            "minutes": "minutes",
            "retention": "% recalled",
            "calibration": "% right",
            "mastery": "% remembered",
        }
    )
    lines_title: str = "line"
    lines: tuple[str, str, str] = ("yours", "at least", "at most")
    today: str = "today"
    day_streak: str = "{days} in a row · {reviews} · {minutes}"
    retention_one: str = "{label}: {part} of {whole} recalled, {share}% ({low} to {high})."
    calibration_one: str = "When you said “{label}”, {part} of {whole} were right, {share}% ({low} to {high})."
    mastery_note: str = "A card that you have not seen counts as not remembered."
    weakest_one: str = "missed {missed} of {asked} times"
    nothing_yet: str = "Nothing to show yet."
    interval_note: str = "With {percent}% certainty it lies between the grey lines; more answers bring them together."
    numbers: str = "The numbers"
    csv: str = "Save as CSV"
    csv_heads: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "coming": ("day", "due"),
            "past": ("day", "reviews"),
            "minutes": ("day", "minutes"),
            "retention": ("week", "recalled", "reviews", "share", "low", "high"),
            "calibration": ("sure", "right", "answers", "share", "low", "high"),
            "mastery": ("topic", "cards", "learned", "expected"),
            "weakest": ("card", "point", "asked", "missed"),
        }
    )

    model_in_use: str = "In use"
    model_heads: tuple[str, ...] = ("Profile", "Model", "Where it runs")
    model_none: str = "No model"
    model_none_where: str = "nothing leaves this machine"
    switch: str = "Go on with"
    switched: str = "From the next reply on. After a restart the settings file decides again."
    switch_cannot: str = "Which model is in use is set by whoever runs this tutor."
    spending: str = "Tokens and cost"
    spending_heads: tuple[str, ...] = ("For", "Calls", "Tokens in", "Tokens out", "Cost", "Cap")
    spending_none: str = "No language model was asked yet."
    spending_rows: dict[str, str] = field(
        default_factory=lambda: {
            "last turn": "last reply",
            "this session": "since the start",
            "today": "today",
            "in all": "in all",
        }
    )
    runs: str = "Latest eval runs"
    runs_none: str = "No run yet. `tutor-evals run answers` makes one."
    runs_heads: tuple[str, ...] = ("Suite", "Profile", "When", "Metric", "Value", "95% interval", "Cases", "Report")
    report: str = "Report"

    keys: str = "Keys"
    key_rows: tuple[tuple[str, str], ...] = (
        ("Enter", "send your answer; take the suggested rating; next card"),
        ("Shift Enter", "new line in your answer"),
        ("Esc", "leave the text box, so that the keys below work; close a card"),
        ("A", "back to your answer"),
        ("H", "hint"),
        ("D", "I don't know"),
        ("S", "skip this card"),
        ("1 to 5", "before the answer how sure you are; after it how well you knew it"),
        ("N", "next card"),
        ("W", "why is it so"),
        ("C", "what sets it apart from a card like it"),
        ("E", "edit the card"),
        ("P", "appeal: the grade is wrong"),
        ("U", "undo what you did last"),
        ("?", "ask about something else"),
        ("K", "show or hide these keys"),
    )
    name: str = "Name"
    password: str = "Password"
    sign_in: str = "Sign in"
    sign_out: str = "Sign out"
    wrong_password: str = "This name and password do not belong together."

    trouble: str = "Something went wrong and was written to the log. What you had saved is safe; try again."


ENGLISH = Words()


def counted(number: int, noun: str, words: Words) -> str:
    """How many there are of what `noun` names: "1 deck", "2 decks"."""
    one, many = words.nouns[noun]
    return f"{number} {one if number == 1 else many}"
