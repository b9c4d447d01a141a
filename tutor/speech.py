"""Every sentence that a session says, in English: feedback, hints, refusals, reasons, summaries.

Words with `{slots}` are filled with `str.format`; which sentence is said is decided elsewhere. No sentence praises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

__all__ = ["ENGLISH", "Speech"]

_SPANS = ((3570, 60), (84600, 3600), (5_184_000, 86400), (63_000_000, 2_629_800))
_YEAR = 31_557_600


def _told(**sentences: str) -> Mapping[str, str]:
    mapping: Mapping[str, str] = field(default_factory=lambda: sentences)
    return mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Speech:
    """The sentences in one language; the defaults are English.

    `notes` are sentences of other parts, the grader and the language model's errors, in this language.
    """

    notes: Mapping[str, str] = field(default_factory=dict)
    spans: Sequence[tuple[str, str]] = (
        ("minute", "minutes"), ("hour", "hours"), ("day", "days"), ("month", "months"), ("year", "years"),
    )  # fmt: skip
    point_mark: str = "."
    and_: str = "{some} and {last}"
    quote: str = "“{text}”"

    # What may not be done here, and why.
    refused: Mapping[str, str] = _told(
        idle="No card is open. Ask for the next one first.",
        asked="Answer the card in front of you first, or skip it.",
        tried="Try once more, ask for a hint, or have the answer shown first.",
        graded="Say how well you knew this card first, 1 to 5.",
        rated="This card is done. Go on to the next one.",
        ended="The sitting is over. Go on with the next card.",
    )
    refused_move: Mapping[str, str] = _told(
        Undo="There is nothing to take back here.",
        Explain="Answer the card first; then ask for more about it.",
        Edit="A card can be changed once its answer is shown.",
        Split="There is no card here that could be split.",
        Reveal="There is no answer to show here. Answer first, or say that you do not know.",
        Tick="There is nothing to tick: this grade is settled. Appeal if you see it otherwise.",
        Appeal="There is nothing to appeal against here.",
        Bury="There is no open card to put away.",
        AskHint="There are no more hints for this card. Answer in your own words, or say that you do not know.",
    )
    no_answer: str = "There is no answer yet. Write it in your own words, or say that you do not know."
    too_long: str = "That is {length} characters long. Say it in {most} or fewer."
    confidence_range: str = "Confidence is a number from 1 to 5."
    rating_range: str = "A rating is a number from 1 (not at all) to 5 (perfectly)."
    question_range: str = "A question has 1 to {most} characters."
    card_range: str = "A card has a question and an answer, of up to {most} characters each."
    depths: str = "More can be said in these ways: {names}."
    only_points: str = "Tick only points of this card."
    elsewhere: str = "You went on in another window. Here is where you are now."

    # What was done with a card.
    kept: Mapping[str, str] = _told(
        skip="Skipped. It comes back later today.",
        bury="Put away until tomorrow.",
        split="Put away. A smaller card for each of its points takes its place.",
        suspend="Suspended. It does not come back until you bring it back.",
        mark="Marked. You find it under the marked cards.",
        edit="Changed, for you alone; the deck's file stays as it is.",
    )
    taken_back: Mapping[str, str] = _told(
        review="Taken back: the rating.",
        edit="Taken back: the change.",
        bury="Taken back: the putting away.",
        skip="Taken back: the skipping.",
        suspend="Taken back: the suspending.",
        mark="Taken back: the mark.",
        split="Taken back: the split.",
    )
    appealed: str = "Both grades are kept. Tick the points you made; your ticks decide."
    other_card: str = "That answers another card: “{question}”."
    leech: str = "You have forgotten this card {lapses} times. Suspend it, and come back to it later."
    leech_split: str = (
        "You have forgotten this card {lapses} times. It has {points} points: have it split into a card for each. "
        "Or suspend it, and come back to it later."
    )

    # Why this card.
    why_new: str = "New to you: number {place} of up to {most} new cards today."
    why_exam: str = "Your exam is in {span}; by then you would know it with a chance of about {chance}%. {rated}."
    why_learning: str = "You are still learning it. {rated}, and nothing else is waiting."
    why_due: str = "Due since {span}. {rated}; the chance that you still know it is about {chance}%."
    why_rated: str = "You rated it {value} of 5 {span} ago"
    why_practice: str = "Practice: your schedule does not change."
    why_picked: str = "You asked to be quizzed on this."
    why_missed: str = "{why} Last time you missed {missed} of {all} points."
    mind_one: str = "Mind point {places} of {all}, which you missed last time."
    mind_many: str = "Mind points {places} of {all}, which you missed last time."
    mind_apart: str = "Say also what sets it apart from “{question}”."

    # When it comes back, and what a sitting came to.
    due_now: str = "It is due again now."
    comes_back: str = "It comes back in {span}."
    practised: str = "Practice only: your schedule stays as it was."
    none_rated: str = "No card was rated in this sitting."
    done_one: str = "1 card in {span}: {parts}."
    done_many: str = "{count} cards in {span}: {parts}."
    verdicts: Mapping[str, str] = _told(correct="correct", partial="partly", wrong="wrong", ungraded="ungraded")
    no_cards: str = "There is no card to study here. Choose other decks, or import one."
    nothing_due: str = "Nothing is due now."
    new_done: str = "The new cards of today ({count}) are done."
    card_due: str = "A card is due now."
    next_back: str = "The next card comes back in {span}."
    cards_spent: str = "These were the {cards} cards of this sitting."
    minutes_spent: str = "The {minutes} minutes of this sitting are over."

    # After an answer.
    opening: Mapping[str, str] = _told(
        wrong="Not yet.",
        wrong_of="Not yet: {made} of {all} points.",
        partial="Partly: some of it is there.",
        partial_of="Partly: {made} of {all} points.",
        correct="Correct in the main: not all.",
        correct_of="Correct in the main: {made} of {all} points.",
        whole="Correct: your answer says what the card says [1].",
    )
    seems: Mapping[str, str] = _told(
        correct="This seems to be the answer, but I am not sure.",
        partial="This seems to be a part of the answer, but I am not sure.",
        wrong="This seems to be something else, but I am not sure.",
    )
    not_known: str = "Here is what the card says [1]."
    ungraded: str = "Nobody could grade this, so it counts neither for nor against you."
    right: str = "Right, in your words: {told}."
    ticked: str = "You ticked: {told}."
    against: str = "Against the card{weighs}: the card says “{told}” [1]."
    against_said: str = "Against the card{weighs}: you said “{said}”, but the card says “{told}” [1]."
    weighs: str = ", about {percent}% of the answer"
    missing: Mapping[str, str] = _told(
        missed="Missing [1]{weighs}: {told}.",
        partly="Only in part [1]{weighs}: {told}.",
        unsure="Not sure whether you said [1]{weighs}: {told}.",
    )
    disputed: str = "Disputed: the card says “{quote}”, but {reason}."
    better: str = "Better: {better}."
    next: str = "Next: "
    next_step: Mapping[str, str] = _told(
        again="try once more, take a hint, or have the answer shown.",
        tick="tick the points you made.",
        turn="find the word in your answer that turns it round, and say it the card's way.",
        rate="rate how well you knew it.",
        read="read the card, look away, and say it once in your own words.",
        read_it="read it, look away, and say it once in your own words.",
        compare="compare it with the card [1].",
        one="say the missing point once in your own words.",
        many="say the missing points once in your own words.",
    )

    # The hint ladder.
    where: str = "Think back to where you met this{topics}."
    where_deck: str = "This card is from the deck “{deck}”{topics}."
    topics: str = " under {topics}"
    related: str = "You already know a card near it: {questions}."
    shape_one: str = "The answer is one point, {size}."
    shape_each: str = "The answer has {count} points, each {size}."
    shape_most: str = "The answer has {count} points, the longest {size}."
    sizes: Sequence[str] = ("a word or two", "short", "a sentence", "a few sentences")
    heads: str = "They fall under: {heads}."
    cue_one: str = "One point{head} has 1 key word, beginning with: {letters}."
    cue_many: str = "One point{head} has {count} key words, beginning with: {letters}."
    cue_head: str = " under “{head}”"
    number: str = "a number"
    gaps: str = "Fill the gaps: {cloze}"
    told: str = "One point is: {point}\nNow say it in your own words."

    # Questions beside a card.
    guess: str = (
        "While a card is open I say neither yes nor no to a guess, right or wrong. "
        "If it is your answer, send it as your answer; or ask for a hint."
    )
    waits: str = (
        "A card is waiting for your answer, and no other card says more about this. "
        "Answer it first, or ask for a hint; then ask me again."
    )
    unbacked: str = (
        "That was said by the model, not read from your log. The log says: {due} due, {new} new, {learned} learned."
    )

    # A question that the cards, or a language model over them, answer.
    unanswered: str = "The cards do not answer this."
    nearest: str = "The nearest ones are:"
    cards_say: str = "{error} Here is what the cards say."
    incomplete: str = "{error} What came of the reply is kept; it is not complete."
    pause: str = "It asks for a pause of {seconds:.0f} s."
    invented: str = "The reply cited cards that were not retrieved ({marks}); those marks were taken out."
    uncited: str = "The reply names no card for what it says. Check it against your cards."

    # More about a card that was answered: what is asked, and what the cards say to it.
    asked: Mapping[str, str] = _told(
        why="Why is this so: {question}",
        contrast="What is the difference between these two: “{question}” and “{other}”?",
        example="What is an example of this: {question}",
        simpler="In the simplest words: {question}",
        deeper="What more do the cards say about this: {question}",
    )
    why_alone: str = "No other card of yours says why. This one says [1]:"
    why_near: str = "Your cards near this one say:"
    this_one: str = "This one says [1]:"
    contrast_alone: str = "None of your cards is easily taken for this one, which says [1]:"
    says: str = "“{question}” says:"
    from_card: str = "From the card “{question}”:"
    see_also: str = "See also “{question}”:"
    no_example: str = (
        "None of your cards gives an example of this. The card says [1], and one from your own life is best."
    )
    heart: str = "The heart of each point:"
    no_deeper: str = "No other card of yours goes further than this one [1]."
    go_on: str = "Your cards go on from here [1]:"

    # Which model is in use, and what leaves this machine.
    model_none: str = "No language model is in use: the tutor grades by key points and explains by quoting your cards."
    model_here: str = "The language model {model} is in use, on this machine{where}. Nothing leaves this machine."
    model_there: str = (
        "The language model {model} is in use, at {where}. "
        "Your questions and answers, and the cards they are about, are sent there."
    )

    # The quiz in a terminal.
    keys: str = (
        "Type your answer.  /h hint   /d I don't know   /s skip   /u undo   /q stop   /c 1-5 how sure   /ask QUESTION"
    )
    more: str = (
        "/why  /contrast  /example  /simpler  /deeper  /appeal REASON  /mark WHAT  /edit ANSWER  /split  /suspend"
    )
    try_again: str = "Try again, /h hint, or Enter for the answer: "
    rate: str = "How well did you know this? 1 Not at all .. 5 Perfectly [{preset}] "
    rate_again: str = "A number from 1 to 5, or Enter for the one in brackets."
    tick: str = "The grader is not sure. Which of these did your answer say?"
    tick_numbers: str = "Numbers, for example 1 3 (Enter leaves it to the grader): "
    hint: str = "Hint: {text}"
    sure: str = "Kept: {value} of 5."
    card_says: str = "The card says:"
    saved: str = "Saved. {text} {due} due · {new} new · {learned} learned"
    points: Mapping[str, str] = _told(
        made="made", partly="partly", missed="missed", contradicted="contradicted", unsure="unsure"
    )

    def span(self, length: timedelta) -> str:
        """A length of time in plain words, roughly: `1 minute`, `5 hours`, `3 days`, `2 months`, `2.5 years`."""
        seconds = abs(length.total_seconds())
        for (limit, size), (one, many) in zip(_SPANS, self.spans, strict=False):
            if seconds < limit:
                count = max(1, round(seconds / size))
                return f"{count} {one if count == 1 else many}"
        return f"{seconds / _YEAR:.1f} {self.spans[-1][1]}".replace(".", self.point_mark)

    def listed(self, names: Sequence[str]) -> str:
        """`1`, `1 and 2`, `1, 2 and 3`."""
        *some, last = names
        return self.and_.format(some=", ".join(some), last=last) if some else last

    def of(self, note: str) -> str:
        """A sentence that another part made, in this language where it is known."""
        return self.notes.get(note, note)


ENGLISH = Speech()
