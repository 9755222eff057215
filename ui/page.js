// The page's behaviour, run once when the conversation component is mounted (`element`, `trigger` come from Gradio).
// A marker opens its citation in the source panel, a heading there folds it, an example question is asked,
// Escape leads back to the marker.

const panel = () => document.querySelector("#cc-panel");
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const beside = () => matchMedia("(min-width: 1000px)").matches;
let cameFrom = null;

function fold(card, open) {
  card.dataset.open = String(open);
  card.querySelector(".cc-head").setAttribute("aria-expanded", String(open));
}

// What can be seen of the panel where it stands beside the conversation, or of the page where it follows it.
function frame() {
  const { top, bottom } = beside() ? panel().getBoundingClientRect() : { top: 0, bottom: innerHeight };
  return { top: Math.max(0, top), bottom: Math.min(innerHeight, bottom) };
}

// Scroll `target` into that frame, with as much of `whole` above it as fits.
function reveal(target, whole = target) {
  const { top, bottom } = frame();
  const from = whole.getBoundingClientRect().top;
  const inner = target.getBoundingClientRect();
  const fits = inner.bottom - from < bottom - top - 48;
  const offset = fits ? from - 24 : inner.top - Math.max(24, (bottom - top - inner.height) / 2);
  const box = beside() ? panel() : document.scrollingElement;
  const fromTop = beside() && inner.bottom - top + box.scrollTop < bottom - top - 24;
  box.scrollTo({ top: fromTop ? 0 : box.scrollTop + offset - top, behavior: calm() ? "auto" : "smooth" });
}

function show(turn, marker) {
  const sections = [...panel().querySelectorAll(".cc-sources")];
  const section = sections.find((candidate) => candidate.dataset.turn === turn);
  if (!section) return;
  sections.forEach((other) => other.toggleAttribute("hidden", other !== section));
  if (!marker) {
    reveal(section);
    return;
  }
  const chosen = section.querySelector(`#cc-source-${turn}-${marker}`);
  if (!chosen) return;
  section.querySelectorAll(".cc-source").forEach((card) => fold(card, card === chosen));
  press(turn, marker);
  chosen.querySelector(".cc-head").focus({ preventScroll: true });
  reveal(chosen.querySelector("mark") ?? chosen, chosen);
}

function press(turn, marker) {
  element.querySelectorAll("button.cc-marker").forEach((button) => {
    const pressed = button.dataset.turn === turn && button.dataset.marker === marker;
    button.toggleAttribute("data-pressed", pressed);
  });
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches(".cc-marker, .cc-show")) {
    cameFrom = button;
    show(button.dataset.turn, button.dataset.marker);
  } else if (button.matches(".cc-example")) {
    trigger("select", { question: button.dataset.question });
    document.querySelector("#cc-question textarea")?.focus({ preventScroll: true });
  }
});

document.addEventListener("click", (event) => {
  const head = event.target.closest?.("#cc-panel .cc-head");
  if (!head) return;
  const card = head.closest(".cc-source");
  fold(card, card.dataset.open !== "true");
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !cameFrom?.isConnected || !panel().contains(document.activeElement)) return;
  cameFrom.focus({ preventScroll: true });
  if (!beside()) cameFrom.scrollIntoView({ behavior: calm() ? "auto" : "smooth", block: "center" });
});

// A new question comes to the top of the window. While its answer grows the page follows, never past the question, until
// the reader scrolls.
let turns = element.querySelectorAll(".cc-turn").length;
let following = false;
for (const gesture of ["wheel", "touchmove"]) addEventListener(gesture, () => (following = false), { passive: true });

new MutationObserver(() => {
  const all = element.querySelectorAll(".cc-turn");
  const behavior = calm() ? "auto" : "smooth";
  const { top, bottom } = all.length ? all[all.length - 1].getBoundingClientRect() : { top: 0, bottom: 0 };
  if (all.length > turns) {
    following = true;
    panel().scrollTo({ top: 0 });
    if (top < 0 || top > innerHeight * 0.3) scrollBy({ top, behavior });
  } else if (following) {
    const hidden = bottom - document.querySelector("#cc-composer").getBoundingClientRect().top;
    if (hidden > 0 && top > 0) scrollBy({ top: Math.min(top, hidden), behavior });
  }
  turns = all.length;
}).observe(element, { childList: true, subtree: true });

// Beside the conversation, new sources show their first highlight without a click.
const desk = element.closest("#cc-desk");
new MutationObserver((changes) => {
  if (!beside() || !changes.some((change) => panel().contains(change.target))) return;
  const card = panel().querySelector('.cc-sources:not([hidden]) .cc-source[data-open="true"]');
  const mark = card?.querySelector("mark");
  if (mark && mark.getBoundingClientRect().bottom > frame().bottom) reveal(mark, card);
}).observe(desk, { childList: true, subtree: true });
