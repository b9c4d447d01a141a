// Keys, focus and spoken announcements. Presses the page's own buttons and decides nothing.
(() => {
  "use strict";
  const find = (selector) => document.querySelector(selector);
  const shown = (element) => element && element.offsetParent !== null && !element.disabled;
  const button = (id) => find(`button#${id}`) || find(`#${id} button`);
  const boxOf = (id) => find(`#${id} textarea, #${id} input`);
  const typing = (target) => target.closest?.("textarea, input, select, [contenteditable='true'], [role='listbox']");

  function press(...ids) {
    for (const id of ids) {
      const target = button(id);
      if (!shown(target)) continue;
      target.classList.add("pressed");
      setTimeout(() => target.classList.remove("pressed"), 160);
      target.click();
      return true;
    }
    return false;
  }

  function openSide() {
    const box = boxOf("side-question");
    if (!shown(box)) find("#side > button")?.click();
    // It takes as long as it takes until the box is there: `settle` sees it come.
    awaited = "side-question";
    requestAnimationFrame(settle);
    return Boolean(find("#side"));
  }

  function toggleKeys() {
    const sheet = find("#keys details");
    if (!sheet) return false;
    sheet.open = !sheet.open;
    if (sheet.open) sheet.querySelector("summary").focus();
    return true;
  }

  const suggested = () => find("#rates button.primary")?.id;
  const actions = {
    h: () => press("hint"),
    d: () => press("dont-know", "reveal"),
    s: () => press("skip"),
    u: () => press("undo"),
    n: () => press("next", "start") || (suggested() && press(suggested())),
    a: () => (shown(boxOf("answer")) ? (boxOf("answer").focus(), true) : false),
    e: () => press("edit"),
    p: () => press("appeal"),
    w: () => press("deeper-why"),
    c: () => press("deeper-contrast"),
    k: toggleKeys,
    "?": openSide,
    Enter: () => press("next", "start", "tick") || (suggested() && press(suggested())),
  };
  for (let rate = 1; rate <= 5; rate += 1) actions[rate] = () => press(`rate-${rate}`, `sure-${rate}`);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.isComposing) return;
    // While the answer is being typed a number alone is part of it.
    if (event.altKey && /^Digit[1-5]$/.test(event.code) && press(`sure-${event.code.at(-1)}`)) { event.preventDefault(); return; }
    if (event.altKey) return;
    if (event.key === "Escape") {
      if (press("shelf-editor-cancel", "shelf-close", "editor-cancel", "reason-cancel", "draft-cancel")) return;
      if (typing(event.target)) event.target.blur();
      return;
    }
    if (typing(event.target) || !shown(find("#study"))) return;
    if (event.key === "Enter" && event.target.closest?.("button, a, summary")) return;
    const act = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act && !event.repeat && act()) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const copy = event.target.closest?.("button.copy");
    if (copy) {
      const text = copy.parentElement.cloneNode(true);
      text.querySelectorAll("button, .sources").forEach((part) => part.remove());
      navigator.clipboard?.writeText(text.innerText.trim()).then(() => { copy.textContent = copy.title; say(copy.title); });
      return;
    }
    const link = event.target.closest?.("a[href^='#card-']");
    if (!link) return;
    event.preventDefault();
    returnTo = link;
    window.openCard?.(link.getAttribute("href").slice("#card-".length));
  }, true);

  // Focus follows the phase: into the answer box when a card is put, to the result when it is graded.
  let seen = "";
  let told = 0;
  let awaited = "";
  let returnTo = null;
  let shelf = false;
  const say = (text) => { const line = find("#spoken"); if (line && line.textContent !== text) line.textContent = text; };

  // A form that opens takes the focus, and gives it back to what opened it, or to the result.
  const FORMS = ["editor", "reason-sheet", "shelf-editor", "draft"];
  const openForms = new Map();
  function forms() {
    for (const id of FORMS) {
      const form = document.getElementById(id);
      if (Boolean(form) === openForms.has(id)) continue;
      if (form) {
        openForms.set(id, document.activeElement);
        form.querySelector("textarea, input")?.focus();
      } else {
        const before = openForms.get(id);
        openForms.delete(id);
        if (document.activeElement === document.body) (shown(before) ? before : find("#result") ?? find("#shelf-close"))?.focus();
      }
    }
  }

  // What Gradio leaves without a name, a role or a word for those who listen.
  function named() {
    const language = find("#keys details")?.lang;
    if (language && document.documentElement.lang !== language) document.documentElement.lang = language;
    document.querySelectorAll("[role=heading]:not([aria-level])").forEach((head) => head.setAttribute("aria-level", "2"));
    // What is wider than the page is scrolled by keyboard too.
    document.querySelectorAll(".scroll, .text pre, .reply pre").forEach((wide) => {
      if (wide.scrollWidth > wide.clientWidth && wide.tabIndex < 0) wide.tabIndex = 0;
    });
    // A plot is named by its title; its numbers stand under it.
    document.querySelectorAll(".chart .vega-embed").forEach((plot) => {
      const title = plot.closest(".chart").querySelector("h3")?.textContent ?? "";
      if (plot.getAttribute("aria-label") !== title) plot.setAttribute("aria-label", title);
    });
    for (const id of ["talk", "decks-told", "ask-notice", "notice"]) {
      const region = document.getElementById(id);
      if (!region) continue;
      if (!region.hasAttribute("aria-live")) region.setAttribute("aria-live", "polite");
      const busy = String(id === "talk" && Boolean(button("side-stop")));
      if (region.getAttribute("aria-busy") !== busy) region.setAttribute("aria-busy", busy);
    }
  }

  // What had the focus may go away, as the last hint's button does: then it goes to what comes next.
  const AFTER = {
    hint: "answer", tick: "result", "side-send": "side-question", "side-stop": "side-question", "ask-send": "ask-question",
    "ask-stop": "ask-question", "ask-clear": "ask-question", "ask-again": "ask-question", "ask-change": "ask-question",
    "put-aside": "ask-question",
  };
  let held = null;
  document.addEventListener("focusin", (event) => { held = event.target; });
  function regain() {
    if (!held || document.activeElement !== document.body || shown(held) || held.disabled) return;
    const next = AFTER[held.id];
    if (next !== "result" && matchMedia("(pointer: coarse)").matches) return;
    const target = next && (next === "result" ? find("#result") : boxOf(next));
    if (shown(target)) target.focus({ preventScroll: true });
  }

  // A half-typed answer outlives a reload and a server that went away; where several sign in, it is nobody else's.
  const DRAFT = "tutor-answer";
  document.addEventListener("input", (event) => {
    if (!event.target.closest?.("#answer") || find("#sign-out")) return;
    sessionStorage.setItem(DRAFT, JSON.stringify([find("#face .face")?.className.split(" ").at(-1), event.target.value]));
  });
  function recall(phase, card, box) {
    const [of, text] = JSON.parse(sessionStorage.getItem(DRAFT) ?? "[]");
    if (of !== card || !["asked", "tried"].includes(phase) || find("#sign-out")) sessionStorage.removeItem(DRAFT);
    else if (text && shown(box) && !box.value) {
      box.value = text;
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  function settle() {
    // Gradio names each message by its raw HTML, which a screen reader would read out; the text itself is the better name.
    named();
    forms();
    regain();
    if (awaited && shown(boxOf(awaited))) { boxOf(awaited).focus(); awaited = ""; }
    document.querySelectorAll("#chat [data-testid][aria-label]").forEach((message) => message.removeAttribute("aria-label"));
    const side = find("#side > button");
    const open = String(Boolean(shown(boxOf("side-question"))));
    if (side && side.getAttribute("aria-expanded") !== open) side.setAttribute("aria-expanded", open);
    const shelfNow = Boolean(find("#shelf"));
    if (shelfNow !== shelf) {
      shelf = shelfNow;
      if (shelf) button("shelf-close")?.focus();
      // Given back only where nobody took it meanwhile: an open list would close.
      else if (returnTo?.isConnected && document.activeElement === document.body) returnTo.focus();
    }
    // What is told beside the card comes in below it: it is brought into sight.
    const asked = [...document.querySelectorAll("#talk .asked")];
    if (asked.length > told && seen) asked.at(-1).scrollIntoView({ block: "start" });
    told = asked.length;
    const face = find("#face .face");
    if (!face || face.className === seen || !shown(find("#study"))) return;
    const phase = /phase-(\w+)/.exec(face.className)?.[1];
    const box = boxOf("answer");
    if (phase === "asked" && !shown(box)) return;
    if (phase === "graded" && !find("#result .verdict")) return;
    seen = face.className;
    recall(phase, face.className.split(" ").at(-1), box);
    const elsewhere = typing(document.activeElement) && !document.activeElement.closest("#answer");
    if (phase === "asked") {
      say(face.querySelector(".question")?.textContent ?? "");
      if (!elsewhere && !matchMedia("(pointer: coarse)").matches) box.focus({ preventScroll: true });
      if (box) window.scrollTo({ top: 0 });
    } else if (phase === "tried") {
      say(`${find("#result .headline")?.textContent ?? ""} ${find("#result .feedback")?.textContent ?? ""}`);
      if (!elsewhere && shown(box)) { box.focus({ preventScroll: true }); box.select(); }
    } else if (phase === "graded") {
      const result = find("#result");
      say(find("#result .headline")?.textContent ?? "");
      result.tabIndex = -1;
      if (!elsewhere) result.focus({ preventScroll: true });
    } else if (phase === "rated") {
      say(find("#rated-line")?.textContent ?? "");
      if (!elsewhere) button("next")?.focus({ preventScroll: true });
    } else if (phase === "ended") {
      if (!elsewhere) button("start")?.focus({ preventScroll: true });
    }
  }

  let due = false;
  new MutationObserver(() => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; settle(); });
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["class", "style"] });

  function listen() {
    const line = document.createElement("div");
    line.id = "spoken";
    line.className = "vh";
    line.setAttribute("role", "status");
    line.setAttribute("aria-live", "polite");
    document.body.append(line);
  }
  if (document.body) listen(); else addEventListener("DOMContentLoaded", listen);
})();
