"""`tutor`: the commands, their options and what they print; heavy parts load inside commands.

Decides nothing about studying.
"""

import csv
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tutor import upkeep, user
from tutor.options import AsJson, Config, DeckFiles, DeckNames, Model, Paths, settings_of, tutor_of
from tutor.terminal import clean, console, progress_bar, put_json, run, table

if TYPE_CHECKING:
    from corpus.card import Card, Deck, Finding
    from corpus.retrieve import SearchResult
    from tutor.explain import Reply
    from tutor.grade import Grade

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A study tutor that knows your flashcards. `tutor chat` opens the page; the other commands work without it.",
)


@app.command()
def chat(
    deck: DeckFiles = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (default 127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on (default 7860).")] = None,
    config: Config = None,
    model: Model = None,
) -> None:
    """Open the page and study; prints its address when it is ready."""
    import threading

    # Gradio takes most of the start; its import overlaps with reading the configuration, the decks and the database.
    threading.Thread(target=lambda: __import__("tutor.server").server.preload(), daemon=True).start()
    settings = settings_of(config, model)
    with tutor_of(settings, deck, read_only=False) as tutor:
        from tutor.server import serve

        if deck:
            tutor.take_past()
        serve(
            tutor,
            settings.server.host if host is None else host,
            settings.server.port if port is None else port,
            lambda address: typer.echo(f"The tutor is ready: {address}   (Ctrl+C stops it; your progress is kept)"),
        )


@app.command()
def quiz(
    deck: DeckNames = None,
    cards: Annotated[int, typer.Option("--cards", min=1, help="Stop after this many cards.")] = 20,
    cram: Annotated[bool, typer.Option("--cram", help="Practise cards due or not; your schedule stays.")] = False,
    exam: Annotated[
        datetime | None, typer.Option("--exam", formats=["%Y-%m-%d"], help="The day by which you must know the cards.")
    ] = None,
    config: Config = None,
    model: Model = None,
) -> None:
    """Study in the terminal."""
    from tutor.drill import drill

    with tutor_of(settings_of(config, model), read_only=False) as tutor:
        day = exam.astimezone(UTC) if exam is not None else None
        drill(tutor, decks=tuple(deck or ()), limit=cards, cram=cram, exam=day)


@app.command()
def ask(
    question: str,
    deck: DeckNames = None,
    config: Config = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Answer a question from the cards, with citations."""
    from tutor.explain import Notice, Reply, Said

    with tutor_of(settings_of(config, model)) as tutor:
        for event in tutor.ask(question, decks=tuple(deck or ())):
            if isinstance(event, Said) and not as_json:
                typer.echo(clean(event.text), nl=False)
            elif isinstance(event, Notice):
                typer.echo(clean(event.text), err=True)
            elif isinstance(event, Reply):
                _show_reply(event, as_json)


def _show_reply(reply: "Reply", as_json: bool) -> None:
    if as_json:
        put_json({"reply": reply.text, "citations": reply.citations, "answerable": reply.answerable,
                  "model": reply.model or "none", "usage": reply.usage, "seconds": round(reply.seconds, 3),
                  "complete": reply.complete})  # fmt: skip
        return
    typer.echo()
    for citation in reply.citations:
        typer.echo(clean(f"  [{citation.number}] {citation.question}  ({citation.deck}, card {citation.card})"))


@app.command()
def search(
    query: Annotated[str | None, typer.Argument(help="What to look for, in your own words.")] = None,
    queries: Annotated[Path | None, typer.Option(help='A JSON Lines file of {"query": ...}.')] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many cards.")] = 5,
    deck: DeckNames = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Find the cards nearest to a query, and whether they answer it."""
    if (query is None) == (queries is None):
        raise typer.BadParameter("give either a QUERY or --queries FILE")
    wanted = [query] if query is not None else [row["query"] for row in _json_lines(queries, ("query",))]
    with tutor_of(settings_of(config)) as tutor:
        for text in wanted:
            found = tutor.search(text or "", k, decks=tuple(deck or ()))
            _show_found(found, as_json)


def _show_found(found: "SearchResult", as_json: bool) -> None:
    if as_json:
        results = [{"card": r.card.id, "deck": r.card.deck, "question": r.card.question, "score": round(r.score, 4),
                    "reason": r.reason} for r in found.results]  # fmt: skip
        put_json({"query": found.query, "answerable": found.answerable, "probability": round(found.probability, 4),
                  "results": results})  # fmt: skip
        return
    if not found.answerable:
        typer.echo("None of your cards seems to answer this. The nearest are:")
    rows = [[f"{r.score:.2f}", r.card.id, r.card.question, r.card.deck] for r in found.results]
    table(["score", "card", "question", "deck"], rows)


def _json_lines(path: Path | None, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file, each holding `keys`; all faults of the file are reported together."""
    rows, faults = [], []
    assert path is not None
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            faults.append(f"line {number} is not JSON ({error.msg})")
            continue
        missing = [key for key in keys if not isinstance(row, dict) or not isinstance(row.get(key), str)]
        if missing:
            faults.append(f"line {number} lacks the text {', '.join(missing)}")
        rows.append(row)
    if faults:
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise typer.BadParameter(f"{path}: {'; '.join(faults[:5])}{more}")
    return rows


@app.command()
def grade(
    card: Annotated[str | None, typer.Option(help="The id of a card of your decks.")] = None,
    answer: Annotated[str | None, typer.Option(help="The answer to grade.")] = None,
    answers: Annotated[
        Path | None, typer.Option(help="A JSON Lines file of {id, question, reference, answer}.")
    ] = None,
    at_least: Annotated[float, typer.Option(min=0, max=1, help="Exit with 1 if a score is lower.")] = 0.0,
    config: Config = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Grade an answer, or a file of answers, key point by key point."""
    if (answers is None) == (card is None or answer is None):
        raise typer.BadParameter("give either --card ID with --answer TEXT, or --answers FILE")
    from tutor.bulk import grade_all

    rows = _json_lines(answers, ("question", "reference", "answer")) if answers else []
    low = False
    with tutor_of(settings_of(config, model)) as tutor, progress_bar("Grading") as progress:
        if card is not None and answer is not None:
            graded = iter([(card, tutor.grade(tutor.card(card), answer))])
        else:
            ids = [str(row.get("id", place)) for place, row in enumerate(rows, 1)]
            graded = zip(ids, grade_all(tutor.settings, tutor.grader, rows), strict=True)
        for done, (name, result) in enumerate(graded, 1):
            low = low or result.score < at_least
            _show_grade(name, result, as_json)
            if rows:
                progress(done, len(rows))
    if low:
        raise typer.Exit(1)


def _show_grade(name: str, result: "Grade", as_json: bool) -> None:
    if as_json:
        points = [{"id": p.id, "text": p.text, "verdict": p.verdict, "evidence": p.evidence} for p in result.key_points]
        put_json({"id": name, "score": round(result.score, 4), "verdict": result.verdict, "settled": result.settled,
                  "key_points": points, "flags": list(result.flags), "grader": result.grader,
                  "seconds": round(result.seconds, 4), "note": result.note})  # fmt: skip
        return
    sure = "" if result.settled else "  (not sure: tick the points yourself)"
    typer.echo(clean(f"{name}: {result.verdict}, {result.score:.0%}{sure}"))
    for point in result.key_points:
        shown = f'  <- "{point.evidence}"' if point.evidence else ""
        typer.echo(clean(f"  {point.verdict:13}{point.text}{shown}"))
    if result.note:
        typer.echo(clean(f"  {result.note}"))


def _decks(config: Path | None, paths: list[Path] | None) -> "tuple[Deck, ...]":
    if paths:
        from corpus.read import read_decks

        return read_decks(paths)
    with tutor_of(settings_of(config)) as tutor:
        return tutor.decks


@app.command()
def decks(
    paths: Paths = None,
    at_least: Annotated[str, typer.Option(help="'ok': exit with 1 if anything was found.")] = "any",
    review: Annotated[bool, typer.Option("--review", help="Ask the model which facts may be disputed.")] = False,
    queries: Annotated[
        bool, typer.Option("--queries", help="Have the model write learners' questions, for search.")
    ] = False,
    config: Config = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """List decks with what a deck check found in them."""
    if at_least not in ("any", "ok"):
        raise typer.BadParameter(f"--at-least is 'any' or 'ok', not {at_least!r}")
    asked = review or queries
    library = _told(config, model, paths, review=review, queries=queries) if asked else _decks(config, paths)
    if as_json:
        for deck in library:
            put_json({"deck": deck.name, "path": deck.path, "format": deck.format, "cards": len(deck),
                      "skipped": deck.skipped, "findings": [_finding(f) for f in deck.findings]})  # fmt: skip
    else:
        columns = ["deck", "file", "cards", "skipped", "findings", "format"]
        counts = [[str(len(d)), str(d.skipped), str(len(d.findings))] for d in library]
        rows = [[d.name, Path(d.path).name, *c, d.format] for d, c in zip(library, counts, strict=True)]
        table(columns, rows)
        for deck in library:
            _show_findings(deck)
    if at_least == "ok" and any(deck.findings for deck in library):
        raise typer.Exit(1)


def _told(
    config: Path | None, model: str | None, paths: list[Path] | None, *, review: bool, queries: bool
) -> "tuple[Deck, ...]":
    """The decks after the model was asked about their cards."""
    with tutor_of(settings_of(config, model), paths) as tutor:
        if review:
            with progress_bar("Reviewing cards") as progress:
                silent = tutor.review(progress)
            if silent:
                typer.echo(f"{silent} cards were not reviewed: the model gave no answer that counts.", err=True)
        if queries:
            with progress_bar("Writing learners' questions") as progress:
                silent = tutor.expand(progress)
            count, having = sum(len(card.queries) for card in tutor.cards), sum(bool(c.queries) for c in tutor.cards)
            typer.echo(f"{having} of {len(tutor.cards)} cards have learners' questions, {count} in all.", err=True)
            if silent:
                typer.echo(
                    f"{silent} cards got none: the model wrote nothing for them that leads back to them.", err=True
                )
        return tutor.decks


def _show_findings(deck: "Deck", most: int = 3) -> None:
    """The first `most` findings of each kind; the rest are counted."""
    kinds = dict.fromkeys(finding.kind for finding in deck.findings)
    for kind in kinds:
        found = [finding for finding in deck.findings if finding.kind == kind]
        for finding in found[:most]:
            typer.echo(clean(f"{Path(deck.path).name}:{finding.line}: {kind}: {finding.message}"))
        if len(found) > most:
            typer.echo(clean(f"{Path(deck.path).name}: {kind}: and {len(found) - most} more (--json lists all)"))


def _finding(finding: "Finding") -> dict[str, Any]:
    return {"kind": finding.kind, "card": finding.card, "line": finding.line, "message": finding.message}


@app.command()
def cards(paths: Paths = None, config: Config = None, as_json: AsJson = False) -> None:
    """List every card with its key points."""
    for deck in _decks(config, paths):
        for card in deck.cards:
            if as_json:
                points = [{"id": p.id, "text": p.text, "head": p.head} for p in card.key_points]
                put_json({"id": card.id, "deck": card.deck, "index": card.index, "question": card.question,
                          "answer": card.answer, "remark": card.remark, "key_points": points,
                          "tags": list(card.tags), "path": card.path, "line": card.line,
                          "uncertain": card.uncertain, "doubts": _doubts(card),
                          "queries": list(card.queries)})  # fmt: skip
                continue
            typer.echo(clean(f"{card.id}  {card.question}"))
            for point in card.key_points:
                typer.echo(clean(f"              · {point.head + ' ' if point.head else ''}{point.text}"))


def _doubts(card: "Card") -> list[dict[str, str]]:
    return [{"quote": one.quote, "reason": one.reason, "better": one.better} for one in card.disputed]


@app.command()
def due(config: Config = None, as_json: AsJson = False) -> None:
    """Say what is due now."""
    with tutor_of(settings_of(config)) as tutor:
        _show(tutor.due(), as_json)


@app.command()
def stats(
    config: Config = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print rows for a spreadsheet and nothing else.")] = False,
) -> None:
    """Say how far you have come, read from the log of your reviews."""
    with tutor_of(settings_of(config)) as tutor:
        facts = tutor.stats()
    if not as_csv:
        _show(facts, as_json)
        return
    from tutor.stats import rows

    sheet = csv.DictWriter(sys.stdout, ("table", "row", "field", "value"), lineterminator="\n")
    sheet.writeheader()
    sheet.writerows(rows(facts))


@app.command()
def tune(config: Config = None, as_json: AsJson = False) -> None:
    """Fit the schedule to how you forget, where your later reviews bear it out."""
    with tutor_of(settings_of(config), read_only=False) as tutor:
        found = tutor.tune()
    if as_json:
        put_json({"tuned": found is not None and found.better, "fit": found})
    elif found is None:
        typer.echo(
            "There are too few reviews yet: until there are some hundreds, FSRS's own parameters foretell better."
        )
    else:
        done = "Your schedule goes on with the new one." if found.better else "Your schedule stays as it was."
        losses = f"{found.before:.4f} before, {found.after:.4f} fitted, {found.constant:.4f} for a constant"
        typer.echo(f"Log loss on your later reviews: {losses}. {done}")


def _show(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        put_json(facts)
        return
    plain = {name: value for name, value in facts.items() if not isinstance(value, list | dict)}
    table(["", ""], [[name.replace("_", " "), "-" if value is None else str(value)] for name, value in plain.items()])
    for name, value in facts.items():
        if isinstance(value, list) and value:
            console().print(name.replace("_", " "))
            table(list(value[0]), [["-" if cell is None else str(cell) for cell in row.values()] for row in value])


app.command("import")(upkeep.import_)
app.command()(upkeep.export)
app.command()(upkeep.audit)
app.command()(upkeep.doctor)
app.command()(upkeep.undo)
app.command()(upkeep.backup)
app.command()(upkeep.restore)
app.command()(upkeep.erase)
app.add_typer(user.app, name="user")


def main() -> None:
    """Run the command line."""
    run(app, "tutor")


if __name__ == "__main__":
    main()
