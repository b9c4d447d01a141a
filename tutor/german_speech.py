"""Every sentence that a session says, in German, and the languages by name."""

from collections.abc import Mapping

from tutor.speech import ENGLISH, Speech

__all__ = ["GERMAN", "SPEECH"]

_GOES_ON = "Der Tutor macht ohne es weiter."
GERMAN = Speech(
    notes={
        "The language model gave no usable reply.": "Das Sprachmodell gab keine brauchbare Antwort.",
        "The language model did not accept the key. The tutor goes on without it.": (
            f"Das Sprachmodell nahm den Schlüssel nicht an. {_GOES_ON}"
        ),
        "The language model cannot be reached. The tutor goes on without it.": (
            f"Das Sprachmodell ist nicht zu erreichen. {_GOES_ON}"
        ),
        "The server does not have the language model that was asked for. The tutor goes on without it.": (
            f"Der Server hat das verlangte Sprachmodell nicht. {_GOES_ON}"
        ),
        "The language model is busy. Try again in a moment; the tutor goes on without it.": (
            f"Das Sprachmodell ist überlastet. Versuch es gleich noch einmal. {_GOES_ON}"
        ),
        "The language model took too long. The tutor goes on without it.": (
            f"Das Sprachmodell brauchte zu lange. {_GOES_ON}"
        ),
        "The language model's reply was cut off.": "Die Antwort des Sprachmodells brach ab.",
        "The language model's reply was cut off where it reached its longest length.": (
            "Die Antwort des Sprachmodells brach ab, weil sie ihre größte Länge erreichte."
        ),
        "The text is too long for the language model. The tutor goes on without it.": (
            f"Der Text ist zu lang für das Sprachmodell. {_GOES_ON}"
        ),
        "The language model said nothing. The tutor goes on without it.": f"Das Sprachmodell sagte nichts. {_GOES_ON}",
        "The language model declined to answer. The tutor goes on without it.": (
            f"Das Sprachmodell wollte nicht antworten. {_GOES_ON}"
        ),
        "The spending cap is reached. The tutor goes on without the language model.": (
            "Die Ausgabengrenze ist erreicht. Der Tutor macht ohne das Sprachmodell weiter."
        ),
        "This card has no answer to grade by.": "Diese Karte hat keine Antwort, an der sich etwas messen ließe.",
        "Another card asks the same and answers it so, which is right as well.": (
            "Eine andere Karte fragt dasselbe und antwortet so; auch das ist richtig."
        ),
        "The reason shows nothing that the answer did not already show.": (
            "Die Begründung zeigt nichts, was die Antwort nicht schon zeigte."
        ),
        "With your reason some points may count. Tick those that your answer makes.": (
            "Mit deiner Begründung könnten einige Punkte zählen. Hake ab, welche deine Antwort nennt."
        ),
    },
    spans=(("Minute", "Minuten"), ("Stunde", "Stunden"), ("Tag", "Tagen"), ("Monat", "Monaten"), ("Jahr", "Jahren")),
    point_mark=",",
    and_="{some} und {last}",
    quote="„{text}“",
    refused={
        "idle": "Es liegt keine Karte vor dir. Hol dir zuerst die nächste.",
        "asked": "Beantworte zuerst die Karte, die vor dir liegt, oder überspringe sie.",
        "tried": "Versuch es noch einmal, nimm einen Hinweis oder lass dir die Antwort zeigen.",
        "graded": "Sag zuerst, wie gut du diese Karte wusstest, von 1 bis 5.",
        "rated": "Diese Karte ist fertig. Weiter geht es mit der nächsten.",
        "ended": "Die Sitzung ist zu Ende. Weiter geht es mit der nächsten Karte.",
    },
    refused_move={
        "Undo": "Hier gibt es nichts zurückzunehmen.",
        "Explain": "Beantworte zuerst die Karte, dann frag nach mehr.",
        "Edit": "Eine Karte lässt sich ändern, sobald ihre Antwort zu sehen ist.",
        "Split": "Hier ist keine Karte, die sich teilen ließe.",
        "Reveal": "Hier gibt es keine Antwort zu zeigen. Antworte zuerst oder sag, dass du es nicht weißt.",
        "Tick": "Es gibt nichts abzuhaken: Diese Bewertung steht fest. Siehst du es anders, dann erhebe Einspruch.",
        "Appeal": "Hier gibt es nichts, wogegen du Einspruch erheben könntest.",
        "Bury": "Es liegt keine Karte da, die du weglegen könntest.",
        "AskHint": (
            "Für diese Karte gibt es keine Hinweise mehr. Antworte in eigenen Worten oder sag, dass du es nicht weißt."
        ),
    },
    no_answer="Da steht noch keine Antwort. Schreib sie in eigenen Worten oder sag, dass du es nicht weißt.",
    too_long="Das sind {length} Zeichen. Sag es in höchstens {most}.",
    confidence_range="Wie sicher du bist, ist eine Zahl von 1 bis 5.",
    rating_range="Eine Bewertung ist eine Zahl von 1 (gar nicht) bis 5 (vollständig).",
    question_range="Eine Frage hat 1 bis {most} Zeichen.",
    card_range="Eine Karte hat eine Frage und eine Antwort mit je höchstens {most} Zeichen.",
    depths="Mehr lässt sich auf diese Arten sagen: {names}.",
    only_points="Hake nur Punkte dieser Karte ab.",
    elsewhere="Du hast in einem anderen Fenster weitergelernt. Hier siehst du, wo du jetzt bist.",
    kept={
        "skip": "Übersprungen. Sie kommt heute noch einmal.",
        "bury": "Bis morgen weggelegt.",
        "split": "Weggelegt. An ihre Stelle tritt für jeden Punkt eine kleinere Karte.",
        "suspend": "Ausgesetzt. Sie kommt erst wieder, wenn du sie zurückholst.",
        "mark": "Vorgemerkt. Du findest sie unter den vorgemerkten Karten.",
        "edit": "Geändert, nur für dich; die Datei des Stapels bleibt, wie sie ist.",
    },
    taken_back={
        "review": "Zurückgenommen: die Bewertung.",
        "edit": "Zurückgenommen: die Änderung.",
        "bury": "Zurückgenommen: das Weglegen.",
        "skip": "Zurückgenommen: das Überspringen.",
        "suspend": "Zurückgenommen: das Aussetzen.",
        "mark": "Zurückgenommen: die Vormerkung.",
        "split": "Zurückgenommen: das Teilen.",
    },
    appealed="Beide Bewertungen bleiben erhalten. Hake ab, was du genannt hast; deine Häkchen entscheiden.",
    other_card="Das beantwortet eine andere Karte: „{question}“.",
    leech="Diese Karte hast du {lapses}-mal vergessen. Setz sie aus und komm später auf sie zurück.",
    leech_split=(
        "Diese Karte hast du {lapses}-mal vergessen. Sie hat {points} Punkte: Lass sie in eine Karte je Punkt teilen. "
        "Oder setz sie aus und komm später auf sie zurück."
    ),
    why_new="Neu für dich: Nummer {place} von bis zu {most} neuen Karten heute.",
    why_exam="Deine Prüfung ist in {span}; bis dahin wüsstest du sie mit etwa {chance} % Wahrscheinlichkeit. {rated}.",
    why_learning="Du lernst sie noch. {rated}, und sonst wartet nichts.",
    why_due="Fällig seit {span}. {rated}; dass du sie noch weißt, ist zu etwa {chance} % wahrscheinlich.",
    why_rated="Vor {span} hast du sie mit {value} von 5 bewertet",
    why_practice="Übung: Dein Lernplan ändert sich nicht.",
    why_picked="Du wolltest hierzu gefragt werden.",
    why_missed="{why} Beim letzten Mal fehlten dir {missed} von {all} Punkten.",
    mind_one="Achte auf Punkt {places} von {all}, der dir beim letzten Mal fehlte.",
    mind_many="Achte auf die Punkte {places} von {all}, die dir beim letzten Mal fehlten.",
    mind_apart="Sag auch, was sie von „{question}“ unterscheidet.",
    due_now="Sie ist gleich wieder fällig.",
    comes_back="Sie kommt in {span} wieder.",
    practised="Nur zur Übung: Dein Lernplan bleibt, wie er war.",
    none_rated="In dieser Sitzung wurde keine Karte bewertet.",
    done_one="1 Karte in {span}: {parts}.",
    done_many="{count} Karten in {span}: {parts}.",
    verdicts={"correct": "richtig", "partial": "teilweise", "wrong": "falsch", "ungraded": "unbewertet"},
    no_cards="Hier gibt es keine Karte zu lernen. Wähle andere Stapel oder importiere einen.",
    nothing_due="Im Moment ist nichts fällig.",
    new_done="Die neuen Karten für heute ({count}) sind geschafft.",
    card_due="Eine Karte ist jetzt fällig.",
    next_back="Die nächste Karte kommt in {span} wieder.",
    cards_spent="Das waren die {cards} Karten dieser Sitzung.",
    minutes_spent="Die {minutes} Minuten dieser Sitzung sind um.",
    opening={
        "wrong": "Noch nicht.",
        "wrong_of": "Noch nicht: {made} von {all} Punkten.",
        "partial": "Teilweise: Etwas davon ist da.",
        "partial_of": "Teilweise: {made} von {all} Punkten.",
        "correct": "Im Wesentlichen richtig: nicht alles.",
        "correct_of": "Im Wesentlichen richtig: {made} von {all} Punkten.",
        "whole": "Richtig: Deine Antwort sagt, was die Karte sagt [1].",
    },
    seems={
        "correct": "Das scheint die Antwort zu sein, aber ich bin mir nicht sicher.",
        "partial": "Das scheint ein Teil der Antwort zu sein, aber ich bin mir nicht sicher.",
        "wrong": "Das scheint etwas anderes zu sein, aber ich bin mir nicht sicher.",
    },
    not_known="Das sagt die Karte [1].",
    ungraded="Das konnte niemand bewerten; es zählt also weder für noch gegen dich.",
    right="Richtig, in deinen Worten: {told}.",
    ticked="Du hast abgehakt: {told}.",
    against="Gegen die Karte{weighs}: Die Karte sagt „{told}“ [1].",
    against_said="Gegen die Karte{weighs}: Du hast „{said}“ gesagt, die Karte aber sagt „{told}“ [1].",
    weighs=", etwa {percent} % der Antwort",
    missing={
        "missed": "Es fehlt [1]{weighs}: {told}.",
        "partly": "Nur zum Teil [1]{weighs}: {told}.",
        "unsure": "Unklar, ob du es gesagt hast [1]{weighs}: {told}.",
    },
    disputed="Strittig: Die Karte sagt „{quote}“, aber: {reason}.",
    better="Besser: {better}.",
    next="Als Nächstes: ",
    next_step={
        "again": "Versuch es noch einmal, nimm einen Hinweis oder lass dir die Antwort zeigen.",
        "tick": "Hake die Punkte ab, die du genannt hast.",
        "turn": "Such in deiner Antwort das Wort, das sie ins Gegenteil kehrt, und sag es so wie die Karte.",
        "rate": "Sag, wie gut du es wusstest.",
        "read": "Lies die Karte, schau weg und sag sie einmal in eigenen Worten.",
        "read_it": "Lies es, schau weg und sag es einmal in eigenen Worten.",
        "compare": "Vergleiche es mit der Karte [1].",
        "one": "Sag den fehlenden Punkt einmal in eigenen Worten.",
        "many": "Sag die fehlenden Punkte einmal in eigenen Worten.",
    },
    where="Denk zurück, wo dir das begegnet ist{topics}.",
    where_deck="Diese Karte ist aus dem Stapel „{deck}“{topics}.",
    topics=", unter {topics}",
    related="Eine Karte in ihrer Nähe kennst du schon: {questions}.",
    shape_one="Die Antwort ist ein einziger Punkt; Umfang: {size}.",
    shape_each="Die Antwort hat {count} Punkte; Umfang jeweils: {size}.",
    shape_most="Die Antwort hat {count} Punkte; Umfang des längsten: {size}.",
    sizes=("ein, zwei Wörter", "wenige Wörter", "ein Satz", "einige Sätze"),
    heads="Sie stehen unter: {heads}.",
    cue_one="Ein Punkt{head} hat 1 Schlüsselwort mit dem Anfangsbuchstaben: {letters}.",
    cue_many="Ein Punkt{head} hat {count} Schlüsselwörter mit den Anfangsbuchstaben: {letters}.",
    cue_head=" unter „{head}“",
    number="eine Zahl",
    gaps="Fülle die Lücken: {cloze}",
    told="Ein Punkt ist: {point}\nSag ihn jetzt in eigenen Worten.",
    guess=(
        "Solange eine Karte offen ist, sage ich zu geratenen Antworten weder Ja noch Nein, ob sie stimmen oder nicht. "
        "Wenn das deine Antwort ist, schick sie als Antwort; oder nimm einen Hinweis."
    ),
    waits=(
        "Eine Karte wartet auf deine Antwort, und keine andere sagt mehr dazu. "
        "Beantworte sie zuerst oder nimm einen Hinweis; dann frag mich noch einmal."
    ),
    unbacked=(
        "Das hat das Modell gesagt, es steht nicht in deinem Protokoll. Dort steht: {due} fällig, {new} neu, "
        "{learned} gelernt."
    ),
    asked={
        "why": "Warum ist das so: {question}",
        "contrast": "Was ist der Unterschied zwischen „{question}“ und „{other}“?",
        "example": "Was ist ein Beispiel hierfür: {question}",
        "simpler": "In den einfachsten Worten: {question}",
        "deeper": "Was sagen die Karten noch dazu: {question}",
    },
    why_alone="Keine andere deiner Karten sagt, warum. Diese sagt [1]:",
    why_near="Deine Karten in der Nähe sagen:",
    this_one="Diese sagt [1]:",
    contrast_alone="Keine deiner Karten ist leicht mit dieser zu verwechseln; sie sagt [1]:",
    says="„{question}“ sagt:",
    from_card="Aus der Karte „{question}“:",
    see_also="Siehe auch „{question}“:",
    unanswered="Die Karten beantworten das nicht.",
    nearest="Am nächsten kommen:",
    cards_say="{error} Das sagen die Karten.",
    incomplete="{error} Was von der Antwort kam, bleibt stehen; sie ist nicht vollständig.",
    pause="Er bittet um eine Pause von {seconds:.0f} s.",
    invented="Die Antwort nannte Karten, die nicht gefunden wurden ({marks}); diese Verweise sind entfernt.",
    uncited="Die Antwort nennt keine Karte für das, was sie sagt. Vergleiche sie mit deinen Karten.",
    no_example=(
        "Keine deiner Karten gibt ein Beispiel hierfür. Die Karte sagt [1], und am besten ist eines aus deinem Leben."
    ),
    heart="Der Kern jedes Punkts:",
    no_deeper="Keine andere deiner Karten geht weiter als diese [1].",
    go_on="Deine Karten führen es weiter [1]:",
    model_none="Kein Sprachmodell ist in Gebrauch: Der Tutor bewertet Punkt für Punkt und zitiert deine Karten.",
    model_here="Das Sprachmodell {model} läuft auf diesem Rechner{where}. Nichts verlässt diesen Rechner.",
    model_there=(
        "Das Sprachmodell {model} läuft bei {where}. "
        "Deine Fragen und Antworten und die Karten, um die es geht, werden dorthin geschickt."
    ),
    keys=(
        "Schreib deine Antwort.  /h Hinweis   /d weiß ich nicht   /s überspringen   /u zurücknehmen   /q Schluss   "
        "/c 1-5 wie sicher   /ask FRAGE"
    ),
    more=(
        "/why warum  /contrast Unterschied  /example Beispiel  /simpler einfacher  /deeper mehr  /appeal GRUND  "
        "/mark WAS  /edit ANTWORT  /split teilen  /suspend aussetzen"
    ),
    try_again="Versuch es noch einmal, /h Hinweis oder Enter für die Antwort: ",
    rate="Wie gut wusstest du das? 1 gar nicht .. 5 vollständig [{preset}] ",
    rate_again="Eine Zahl von 1 bis 5 oder Enter für die in Klammern.",
    tick="Der Tutor ist sich nicht sicher. Was davon hat deine Antwort gesagt?",
    tick_numbers="Zahlen, zum Beispiel 1 3 (Enter überlässt es dem Tutor): ",
    hint="Hinweis: {text}",
    sure="Notiert: {value} von 5.",
    card_says="Die Karte sagt:",
    saved="Gespeichert. {text} {due} fällig · {new} neu · {learned} gelernt",
    points={
        "made": "genannt",
        "partly": "teilweise",
        "missed": "fehlt",
        "contradicted": "widersprochen",
        "unsure": "unklar",
    },
)

SPEECH: Mapping[str, Speech] = {"en": ENGLISH, "de": GERMAN}
