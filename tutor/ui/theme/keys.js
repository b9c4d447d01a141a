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
    setTimeout(() => boxOf("side-question")?.focus(), 60);
    return Boolean(find("#side"));
  }

  const suggested = () => find("#rates button.primary")?.id;
  const actions = {
    h: () => press("hint"),
    d: () => press("dont-know"),
    s: () => press("skip"),
    u: () => press("undo"),
    n: () => press("next", "start") || (suggested() && press(suggested())),
    a: () => (shown(boxOf("answer")) ? (boxOf("answer").focus(), true) : false),
    "?": openSide,
    Enter: () => press("next", "start", "tick") || (suggested() && press(suggested())),
  };
  for (let rate = 1; rate <= 5; rate += 1) actions[rate] = () => press(`rate-${rate}`);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") {
      if (press("shelf-close")) return;
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
  let returnTo = null;
  let shelf = false;
  const say = (text) => { const line = find("#spoken"); if (line && line.textContent !== text) line.textContent = text; };

  function settle() {
    // Gradio names each message by its raw HTML, which a screen reader would read out; the text itself is the better name.
    document.querySelectorAll("#chat [data-testid][aria-label]").forEach((message) => message.removeAttribute("aria-label"));
    const side = find("#side > button");
    const open = String(Boolean(shown(boxOf("side-question"))));
    if (side && side.getAttribute("aria-expanded") !== open) side.setAttribute("aria-expanded", open);
    const shelfNow = Boolean(find("#shelf"));
    if (shelfNow !== shelf) {
      shelf = shelfNow;
      if (shelf) button("shelf-close")?.focus();
      else if (returnTo?.isConnected) returnTo.focus();
    }
    const face = find("#face .face");
    if (!face || face.className === seen || !shown(find("#study"))) return;
    const phase = /phase-(\w+)/.exec(face.className)?.[1];
    const box = boxOf("answer");
    if (phase === "asked" && !shown(box)) return;
    if (phase === "graded" && !find("#result .verdict")) return;
    seen = face.className;
    const elsewhere = typing(document.activeElement) && !document.activeElement.closest("#answer");
    if (phase === "asked") {
      say(face.querySelector(".question")?.textContent ?? "");
      if (!elsewhere && !matchMedia("(pointer: coarse)").matches) box.focus({ preventScroll: true });
      if (box) window.scrollTo({ top: 0 });
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
