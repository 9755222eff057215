// The two dialogs: conversations, and what the reader can choose. Everything chosen is remembered.
import { $, button, dialog, make, twice } from "./dom.js";
import { DEFAULTS, forgetAll, keep, newTalk, remove, settings, talks } from "./store.js";
import { isBusy, isOpen, open, state } from "./chat.js";
import { interfaces, languageName, t, ui } from "./words.js";

export function mount({ changed }) {
  $("#cc-open-talks").addEventListener("click", showTalks);
  $("#cc-open-settings").addEventListener("click", () => showSettings(changed));
}

function showTalks() {
  const element = $("#cc-talks");
  const all = talks();
  const list = make("ul", { class: "cc-talk-list" });
  const date = new Intl.DateTimeFormat(ui(), { dateStyle: "medium", timeStyle: "short" });
  for (const talk of all) {
    const facts = `${t("questions", { n: talk.turns.length })} · ${date.format(new Date(talk.updated))}`;
    const go = button("cc-talk", "", () => {
      element.close();
      open(talk);
    }, { "aria-current": isOpen(talk) ? "true" : null });
    go.append(make("bdi", { class: "cc-title" }, talk.title ?? ""), make("span", { class: "cc-facts" }, facts));
    const gone = twice("cc-quiet", t("delete"), t("delete_sure"), async () => {
      remove(talk.id);
      if (isOpen(talk)) await open(newTalk());
      showTalks();
    });
    gone.setAttribute("aria-label", `${t("delete")}: ${talk.title}`);
    list.append(make("li", {}, go, gone));
  }
  const anew = button("cc-second", t("new"), () => {
    element.close();
    open(newTalk());
  });
  const none = all.length ? list : make("p", { class: "cc-note" }, t("no_conversations"));
  dialog(element, t("conversations"), anew, none, make("p", { class: "cc-note" }, t("kept_here")));
}

function select(label, options, value, change) {
  const field = make("select", { on: { change: () => change(field.value) } });
  for (const [name, words, lang] of options) field.append(make("option", { value: name, lang }, words));
  field.value = value;
  return make("label", { class: "cc-field" }, make("span", {}, label), field);
}

function showSettings(changed) {
  const element = $("#cc-settings");
  const set = (changes, words = false) => {
    keep(changes);
    changed(words);
  };
  const own = interfaces.map((tag) => [tag, languageName(tag), tag]);
  const parts = [
    select(t("interface"), [["", t("as_browser")], ...own], settings.ui, (value) => {
      set({ ui: value }, true);
      showSettings(changed);
    }),
    select(t("appearance"), [["", t("as_browser")], ["light", t("light")], ["dark", t("dark")]], settings.look,
      (look) => set({ look })),
    select(t("answer_lang"), [["", t("as_asked")], ...own], settings.answerLang, (answerLang) => set({ answerLang })),
  ];
  const boxes = (state.start?.languages ?? []).map((lang) => {
    const tick = make("input", { type: "checkbox", value: lang, on: { change: () => {
      const ticked = new Set(settings.sourceLangs);
      if (tick.checked) ticked.add(lang);
      else ticked.delete(lang);
      set({ sourceLangs: [...ticked] });
    } } });
    tick.checked = settings.sourceLangs.includes(lang);
    return make("label", { class: "cc-tick" }, tick, make("span", { lang }, languageName(lang)));
  });
  parts.push(make("div", { class: "cc-field", role: "group", "aria-labelledby": "cc-sources-in" },
    make("span", { id: "cc-sources-in" }, t("source_langs")),
    make("div", { class: "cc-ticks" }, ...boxes, make("p", { class: "cc-note" }, t("source_langs_note")))));
  const number = make("output", {}, String(settings.k));
  const range = make("input", { type: "range", min: 3, max: 30, value: settings.k, on: { input: () => {
    number.textContent = range.value;
    set({ k: Number(range.value) });
  } } });
  parts.push(make("label", { class: "cc-field" }, make("span", {}, t("passages")), make("span", { class: "cc-range" }, range, number)));
  const models = state.start?.models ?? [];
  if (models.length > 1) {
    const named = models.map((name) => [name, name || t("no_model")]);
    parts.push(select(t("model"), named, settings.model ?? models[0], (model) => set({ model })));
  }
  const forget = twice("cc-second", t("forget"), t("forget_sure"), async () => {
    forgetAll();
    keep(DEFAULTS);
    element.close();
    if (!isBusy()) await open(newTalk());
    changed(true);
  });
  dialog(element, t("settings"), ...parts, make("p", { class: "cc-note" }, t("kept_here")), forget);
}
