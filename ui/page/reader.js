// The side: an answer's sources, and the article itself, open at the sentence. Escape leads back to the marker.
import { $, $$, beside, calm, copy, make } from "./dom.js";
import { post } from "./net.js";
import { citation, citations, state } from "./chat.js";
import { languageName, t, ui } from "./words.js";

const app = () => $("#cc-app");
const side = () => $("#cc-side");
const panel = () => $("#cc-panel");
const reader = () => $("#cc-reader");
let cameFrom = null;
let place = null; // what the reader shows: { id, start, end, hash }

export function mount() {
  document.addEventListener("click", (event) => {
    const pressed = event.target.closest?.("button");
    if (!pressed || !app().contains(pressed)) return;
    if (pressed.matches(".cc-marker, .cc-read")) {
      cameFrom = pressed;
      hidePeek();
      const { article, start, end, hash } = pressed.dataset;
      if (pressed.matches(".cc-marker")) show(Number(pressed.dataset.turn), false);
      open({ id: article, start: start && Number(start), end: end && Number(end), hash });
    } else if (pressed.matches(".cc-show")) {
      cameFrom = pressed;
      show(Number(pressed.dataset.turn));
      sheet(true);
    } else if (pressed.matches(".cc-fold")) {
      const card = pressed.closest(".cc-source");
      fold(card, card.dataset.open !== "true");
    } else if (pressed.matches(".cc-jump")) {
      const target = document.getElementById(pressed.dataset.target);
      reveal(target);
      target.focus({ preventScroll: true });
    } else if (pressed.id === "cc-back") sources();
    else if (pressed.matches("#cc-side .cc-close")) leave();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || $("dialog[open]")) return;
    if (!$("#cc-peek").hidden) hidePeek();
    if (side().contains(document.activeElement)) leave();
  });
  for (const on of ["pointerover", "focusin"]) document.addEventListener(on, peek);
  for (const off of ["pointerout", "focusout"]) {
    document.addEventListener(off, (event) => event.target.closest?.(".cc-marker, #cc-peek") && soon());
  }
  addEventListener("scroll", hidePeek, { passive: true });
}

function leave() {
  sheet(false);
  if (app().dataset.view === "reader" && cameFrom?.isConnected) $('.cc-tab[data-view="chat"]').click();
  if (!cameFrom?.isConnected) return;
  cameFrom.focus({ preventScroll: true });
  hidePeek();
  if (!beside()) cameFrom.scrollIntoView({ behavior: calm(), block: "center" });
}

export function sheet(on) {
  app().toggleAttribute("data-sheet", on);
}

function fold(card, on) {
  card.dataset.open = String(on);
  $(".cc-head", card).setAttribute("aria-expanded", String(on));
}

// The sources of a turn, or, without one, the collection. The reader makes way unless it is to stay.
export function show(turn, instead = true) {
  const found = state.sources[turn];
  if (found === undefined) panel().innerHTML = state.start?.collection ?? "";
  else panel().innerHTML = `<section class="cc-sources" data-turn="${turn}">${found}</section>`;
  if (instead) sources();
}

export function latest() {
  show(state.sources.findLastIndex((found) => found !== undefined));
}

function sources() {
  reader().hidden = true;
  panel().hidden = false;
  $("#cc-back").hidden = true;
  place = null;
  press();
  address(null);
  side().scrollTo({ top: 0 });
  const mark = $('.cc-source[data-open="true"] mark', panel());
  if (mark && beside() && mark.getBoundingClientRect().bottom > innerHeight) reveal(mark);
}

// Opens an article, at a place in it if one is given; `move` brings the focus there.
export async function open(at, { move = true } = {}) {
  const cited = citations().filter((c) => c.article_id === at.id).map((c) => [c.start, c.end, c.hash]);
  const asked = { id: at.id, start: at.start ?? null, end: at.end ?? null, hash: at.hash ?? "", cited, ui: ui() };
  let page;
  try {
    page = await post("article", asked);
  } catch (error) {
    page = { html: "", state: "gone" };
    $("#cc-live").textContent = error.message;
  }
  place = at;
  reader().replaceChildren(bar(page), make("div", { class: "cc-reader-page" }));
  reader().lastElementChild.innerHTML = page.html;
  $(".cc-reader-head", reader())?.append(permalink());
  reader().hidden = false;
  panel().hidden = true;
  $("#cc-back").hidden = false;
  for (const toc of $$(".cc-toc", reader())) toc.open = app().dataset.view === "reader";
  press();
  address(at);
  if (move || app().dataset.view === "chat") sheet(true);
  const mark = $('mark[aria-current="location"]', reader());
  if (mark) reveal(mark);
  else side().scrollTo({ top: 0 });
  if (move) (mark ?? $("h2", reader()) ?? reader()).focus?.({ preventScroll: true });
}

export const reopen = () => place && open(place, { move: false });
export const shown = () => place;
export const refreshAll = () => (place ? (show(lastTurn(), false), reopen()) : latest());
const lastTurn = () => state.sources.findLastIndex((found) => found !== undefined);

function bar(page) {
  const pick = make("select", { "aria-label": t("choose_article"), on: { change: () => open({ id: pick.value }) } });
  for (const a of state.start?.articles ?? []) {
    pick.append(make("option", { value: a.id, lang: a.lang }, `${a.title} · ${languageName(a.lang)}`));
  }
  if (!state.start?.articles.some((a) => a.id === place.id)) pick.prepend(make("option", { value: place.id }, page.title ?? place.id));
  pick.value = place.id;
  return make("div", { class: "cc-reader-bar" }, pick);
}

function permalink() {
  const link = make("button", { type: "button", class: "cc-link cc-permalink" }, t("permalink"));
  link.addEventListener("click", () => copy(linkTo(place), link));
  return link;
}

function linkTo(at) {
  const url = new URL(location.href);
  url.hash = "";
  for (const name of ["article", "start", "end", "hash"]) url.searchParams.delete(name);
  if (at) {
    url.searchParams.set("article", at.id);
    for (const name of ["start", "end", "hash"]) if (at[name] || at[name] === 0) url.searchParams.set(name, at[name]);
  }
  return url.href;
}

function address(at) {
  history.replaceState(null, "", linkTo(at));
}

// The place that the address names, if it names one.
export function asked() {
  const query = new URLSearchParams(location.search);
  if (!query.get("article")) return null;
  const [start, end] = [query.get("start"), query.get("end")].map((n) => (/^\d{1,9}$/.test(n ?? "") ? Number(n) : null));
  const at = { id: query.get("article"), hash: query.get("hash") ?? "" };
  return start === null || end === null ? at : { ...at, start, end };
}

function press() {
  for (const marker of $$("button.cc-marker")) {
    const { article, start, end } = marker.dataset;
    const pressed = place?.id === article && place.start === Number(start) && place.end === Number(end);
    marker.toggleAttribute("data-pressed", pressed);
  }
}

// Scrolls `target` into the middle of the side, or of the sheet.
function reveal(target) {
  const box = side();
  const frame = box.getBoundingClientRect();
  const inner = target.getBoundingClientRect();
  const room = Math.min(frame.bottom, innerHeight) - Math.max(0, frame.top);
  const offset = inner.top - Math.max(0, frame.top) - Math.max(160, (room - inner.height) / 3);
  box.scrollBy({ top: offset, behavior: "auto" });
}

let leaving = 0;
const soon = () => {
  clearTimeout(leaving);
  leaving = setTimeout(hidePeek, 200);
};

function hidePeek() {
  $("#cc-peek").hidden = true;
  $("[aria-describedby=cc-peek]")?.removeAttribute("aria-describedby");
}

// The quotation beside the marker that the pointer or the focus rests on.
function peek(event) {
  if (event.target.closest?.("#cc-peek")) return clearTimeout(leaving);
  const marker = event.target.closest?.("button.cc-marker");
  if (!marker || event.pointerType === "touch") return;
  if (event.type === "focusin" && !marker.matches(":focus-visible")) return;
  clearTimeout(leaving);
  const found = citation(Number(marker.dataset.turn), Number(marker.dataset.marker));
  if (!found) return;
  const box = $("#cc-peek");
  const facts = [languageName(found.lang), found.publisher].filter(Boolean).join(" · ");
  box.replaceChildren(
    make("strong", { lang: found.lang, dir: "auto" }, found.title || t("untitled")),
    make("span", { class: "cc-facts" }, facts),
    make("q", { lang: found.lang, dir: "auto" }, found.quote.length > 400 ? `${found.quote.slice(0, 399)}…` : found.quote),
  );
  box.hidden = false;
  marker.setAttribute("aria-describedby", "cc-peek");
  const at = marker.getBoundingClientRect();
  const width = Math.min(26 * 16, innerWidth - 32);
  box.style.width = `${width}px`;
  box.style.left = `${Math.max(16, Math.min(at.left - width / 3, innerWidth - width - 16))}px`;
  const below = at.bottom + 8;
  box.style.top = `${below + box.offsetHeight < innerHeight - 8 ? below : Math.max(8, at.top - box.offsetHeight - 8)}px`;
}
