// The conversation: asking, stopping, asking again, editing, copying, rating; its turns as they grow.
import { $, $$, beside, calm, copy, download, make, notice, say } from "./dom.js";
import { lines, post } from "./net.js";
import { current, newTalk, save, setCurrent, settings } from "./store.js";
import { t, ui } from "./words.js";

export const state = { talk: current(), sources: [], start: null, running: null };
const log = () => $("#cc-conversation");
const box = () => $("#cc-question");
let hooks = {};

export const isBusy = () => Boolean(state.running);
export const isOpen = (talk) => state.talk.id === talk.id;
const cited = (turn) => turn.record?.citations ?? [];

// The citations of the open conversation, in all turns.
export const citations = () => state.talk.turns.flatMap(cited);
export const citation = (turn, marker) => cited(state.talk.turns[turn] ?? {}).find((c) => c.marker === marker);

export function mount(given) {
  hooks = given;
  $("#cc-composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  box().addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });
  box().addEventListener("input", fit);
  $("#cc-stop").addEventListener("click", stop);
  $("#cc-clear").addEventListener("click", () => open(newTalk()));
  log().addEventListener("click", act);
  $("#cc-welcome").addEventListener("click", (event) => {
    const example = event.target.closest(".cc-example");
    if (example) ask(example.dataset.question);
  });
  $$("#cc-export [data-format]").forEach((item) => item.addEventListener("click", () => exportTalk(item.dataset.format)));
  for (const gesture of ["wheel", "touchmove"]) addEventListener(gesture, () => (following = false), { passive: true });
  for (const [event, on] of [["focusout", false], ["pointerdown", true]]) {
    document.addEventListener(event, (e) => {
      const menu = $("#cc-export");
      if (menu.open && !menu.contains(on ? e.target : e.relatedTarget)) menu.open = false;
    });
  }
}

function fit() {
  box().style.height = "auto";
  box().style.height = `${Math.min(box().scrollHeight, 220)}px`;
}

function submit() {
  const question = box().value.trim();
  if (!question || isBusy()) return;
  box().value = "";
  fit();
  ask(question);
}

// Opens a conversation; its answers are put into words and places as the articles are today.
export async function open(talk) {
  stop();
  state.talk = talk;
  state.sources = [];
  setCurrent(talk);
  notice("");
  await refresh();
  hooks.opened();
  box().focus({ preventScroll: true });
}

export async function refresh() {
  const { talk } = state;
  const kept = talk.turns.flatMap((turn, i) => (turn.record ? [{ record: turn.record, turn: i }] : []));
  let shown = [];
  if (kept.length) {
    try {
      shown = (await post("turns", { ui: ui(), turns: kept })).turns;
    } catch (error) {
      notice(error.message);
    }
  }
  if (talk !== state.talk) return;
  log().replaceChildren();
  state.sources = [];
  talk.turns.forEach((turn, i) => {
    const found = shown[kept.findIndex((k) => k.turn === i)];
    if (found) put(i, found);
    else log().append(unfinished(turn, i));
  });
  marks();
}

function marks() {
  const empty = state.talk.turns.length === 0;
  $("#cc-app").toggleAttribute("data-empty", empty);
  box().placeholder = t(empty ? "question_placeholder" : "follow_placeholder");
  state.talk.turns.forEach((turn, i) => {
    for (const vote of $$(`.cc-turn[data-turn="${i}"] .cc-vote`, log())) {
      vote.setAttribute("aria-pressed", String(turn.rating === vote.dataset.act));
    }
  });
}

function put(i, { html, sources }) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const old = $(`.cc-turn[data-turn="${i}"]`, log());
  if (old) old.replaceWith(template.content);
  else log().append(template.content);
  state.sources[i] = sources;
}

// A turn without an answer: being written, or cut off.
function unfinished(turn, i) {
  const article = make("article", {
    class: "cc-turn", "data-turn": i, "data-state": turn.stopped ? "stopped" : "writing", "aria-busy": !turn.stopped && "true",
  });
  const size = turn.question.length > 160 ? " cc-long" : "";
  article.append(
    make("h2", { class: `cc-question${size}`, dir: "auto", tabindex: size ? 0 : null }, turn.question),
    make("div", { class: "cc-answer", dir: "auto" }, ...pieces(turn.text ?? "")),
  );
  if (turn.stopped) {
    const names = ["retry", "edit"];
    const acts = names.map((act) => make("button", { type: "button", class: "cc-act", "data-act": act }, t(act)));
    article.append(
      make("p", { class: "cc-stamp" }, t(turn.text ? "stopped" : "stopped_empty")),
      make("div", { class: "cc-acts" }, ...acts),
    );
  } else article.append(make("p", { class: "cc-stamp cc-waiting" }, t("answering")));
  return article;
}

// Text with markers that look like markers and do nothing yet.
function pieces(text) {
  return text.split(/(\[[1-9][0-9]{0,2}\])/).map((part, i) =>
    i % 2 ? make("span", { class: "cc-marker" }, make("span", {}, "["), part.slice(1, -1), make("span", {}, "]")) : part);
}

export async function ask(question, from = state.talk.turns.length) {
  if (isBusy()) return;
  const { talk } = state;
  const before = talk.turns.slice(0, from);
  const replaced = talk.turns.slice(from);
  const turn = { question, asked: new Date().toISOString(), text: "" };
  talk.turns = [...before, turn];
  talk.title ??= question;
  if (from === 0) talk.title = question;
  state.sources.length = from;
  $$(".cc-turn", log()).filter((e) => Number(e.dataset.turn) >= from).forEach((e) => e.remove());
  log().append(unfinished(turn, from));
  const running = new AbortController();
  state.running = running;
  $("#cc-app").toggleAttribute("data-writing", true);
  notice("");
  marks();
  hooks.asked();
  follow(true);
  const asked = {
    question, turn: from, ui: ui(), k: settings.k, answer_lang: settings.answerLang || null,
    source_langs: settings.sourceLangs, model: settings.model,
    history: before.map((earlier) => earlier.record?.query ?? earlier.question),
  };
  let failure = null;
  try {
    for await (const line of lines("ask", asked, running.signal)) {
      if (line.error) throw new Error(line.error);
      if (line.turn) {
        turn.record = line.turn.record;
        delete turn.text;
        if (talk === state.talk) put(from, line.turn);
      } else {
        turn.text = line.text;
        if (talk === state.talk) grow(from, line.text);
      }
    }
    if (!turn.record) throw new Error(t("offline"));
  } catch (error) {
    if (error.name !== "AbortError") failure = error;
    turn.stopped = true;
  }
  if (state.running === running) {
    state.running = null;
    $("#cc-app").toggleAttribute("data-writing", false);
  }
  if (failure && !turn.text) {
    talk.turns = [...before, ...replaced]; // nothing of the conversation is lost
    if (!talk.turns.length) delete talk.title;
  }
  if (talk.turns.length) {
    talk.updated = new Date().toISOString();
    if (save(talk)) say(t("storage_full"));
  }
  if (talk !== state.talk) return;
  setCurrent(talk);
  if (failure) {
    await refresh();
    notice(failure.message);
    box().value ||= question;
    fit();
    box().focus();
    return;
  }
  if (turn.stopped) $(`.cc-turn[data-turn="${from}"]`, log())?.replaceWith(unfinished(turn, from));
  marks();
  follow(false);
  if (turn.record) hooks.answered(from);
}

export function stop() {
  state.running?.abort();
}

function grow(i, text) {
  const answer = $(`.cc-turn[data-turn="${i}"] .cc-answer`, log());
  answer?.replaceChildren(...pieces(text));
  if (text) answer?.parentElement.querySelector(".cc-waiting")?.remove();
  follow(false);
}

// A new question comes to the top of the window; while its answer grows the page follows, never past the question,
// until the reader scrolls.
let following = false;
function follow(anew) {
  const last = log().lastElementChild;
  if (!last) return;
  const { top, bottom } = last.getBoundingClientRect();
  if (anew) {
    following = true;
    if (top < 0 || top > innerHeight * 0.3) scrollBy({ top: top - 8, behavior: calm() });
  } else if (following) {
    const hidden = bottom - $("#cc-composer").getBoundingClientRect().top;
    if (hidden > 0 && top > 0) scrollBy({ top: Math.min(top, hidden), behavior: calm() });
  }
}

async function act(event) {
  const pressed = event.target.closest("button[data-act]");
  if (!pressed) return;
  const i = Number(pressed.closest(".cc-turn").dataset.turn);
  const turn = state.talk.turns[i];
  if (pressed.dataset.act === "retry") ask(turn.question, i);
  else if (pressed.dataset.act === "edit") edit(i);
  else if (pressed.dataset.act === "copy") {
    const asked = { format: "copy", turns: [turn], ui: ui(), address: location.href };
    try {
      copy((await post("export", asked)).text, pressed);
    } catch (error) {
      notice(error.message);
    }
  } else rate(i, turn.rating === pressed.dataset.act ? null : pressed.dataset.act);
}

function edit(i) {
  if (isBusy()) return;
  const heading = $(`.cc-turn[data-turn="${i}"] .cc-question`, log());
  const area = make("textarea", { class: "cc-edit", dir: "auto", "aria-label": t("question_label"), rows: 2 });
  const before = state.talk.turns[i].question;
  area.value = before;
  const done = () => form.replaceWith(heading);
  const form = make("form", { class: "cc-edit-form" }, area, make("div", { class: "cc-edit-acts" },
    make("button", { type: "submit", class: "cc-first" }, t("resubmit")),
    make("button", { type: "button", class: "cc-quiet", on: { click: done } }, t("cancel"))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const question = area.value.trim();
    if (!question) return;
    done();
    ask(question, i);
  });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      done();
      $(`.cc-turn[data-turn="${i}"] [data-act="edit"]`, log())?.focus();
    }
  });
  heading.replaceWith(form);
  area.focus();
  area.setSelectionRange(before.length, before.length);
}

async function rate(i, rating, comment = "") {
  const turn = state.talk.turns[i];
  try {
    await post("feedback", { record: turn.record, rating, comment, ui: ui() });
  } catch (error) {
    notice(error.message);
    return;
  }
  turn.rating = rating;
  save(state.talk);
  marks();
  const acts = $(`.cc-turn[data-turn="${i}"] .cc-acts`, log());
  acts.parentElement.querySelector(".cc-comment")?.remove();
  if (!rating || comment) {
    say(t("thanks"));
    if (comment) acts.after(make("p", { class: "cc-comment cc-note" }, t("thanks")));
    return;
  }
  const field = make("input", { type: "text", maxlength: 2000, "aria-label": t("comment"), placeholder: t("comment") });
  const form = make("form", { class: "cc-comment" }, field, make("button", { type: "submit", class: "cc-second" }, t("send")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value.trim()) rate(i, rating, field.value.trim());
    else form.remove();
  });
  acts.after(form);
  field.focus({ preventScroll: !beside() });
}

async function exportTalk(format) {
  $("#cc-export").open = false;
  const { talk } = state;
  const turns = talk.turns.filter((turn) => turn.record);
  if (!turns.length) return;
  try {
    const { text } = await post("export", { format, title: talk.title, turns, ui: ui(), address: location.href });
    const [ending, type] = format === "json" ? ["json", "application/json"] : ["md", "text/markdown"];
    const name = talk.title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60) || "crosscite";
    download(`${name}.${ending}`, text, type);
  } catch (error) {
    notice(error.message);
  }
}
