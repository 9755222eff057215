// The articles: what there is, adding files or a text, deleting; each step of a change is told.
import { $, make, twice } from "./dom.js";
import { lines } from "./net.js";
import { state } from "./chat.js";
import { languageName, t, ui } from "./words.js";

let refresh = async () => {};
let working = false;
const told = new Map(); // file name -> its last event

export function mount({ changed }) {
  refresh = changed;
}

export function render() {
  const { start } = state;
  const section = $("#cc-articles");
  if (!start) return;
  const list = make("ul", { class: "cc-shelf" });
  for (const a of start.articles) {
    const read = make("button", { type: "button", class: "cc-head cc-read", "data-article": a.id },
      make("span", { class: "cc-heading" }, make("bdi", { class: "cc-title", lang: a.lang }, a.title), facts(a)));
    list.append(make("li", {}, read, deleting(a.id, a.title), twins(a)));
  }
  if (start.total > start.articles.length) {
    list.append(make("li", { class: "cc-note" }, t("more", { n: start.total - start.articles.length })));
  }
  const heading = make("h2", {}, t("collection", { n: start.total }));
  section.replaceChildren(heading, start.changes ? form() : make("p", { class: "cc-note" }, t("fixed")), list);
  report();
}

function deleting(id, name) {
  if (!state.start.changes) return null;
  return twice("cc-quiet", t("delete"), t("delete_sure"), () => change("articles/delete", { id }, [name]),
    { "data-delete": id, "aria-label": `${t("delete")}: ${name}` });
}

function twins(a) {
  if (!a.also.length) return null;
  const each = a.also.map((twin) => make("li", {},
    make("button", { type: "button", class: "cc-link cc-read", "data-article": twin.id }, make("bdi", {}, twin.name)), deleting(twin.id, twin.name)));
  return make("div", { class: "cc-also" }, t("also_at", { where: "" }), make("ul", {}, ...each));
}

function facts(a) {
  const parts = [make("span", { class: "cc-lang", lang: a.lang }, languageName(a.lang))];
  if (a.publisher) parts.push(make("bdi", {}, a.publisher));
  if (a.date) parts.push(make("time", { datetime: a.date }, a.day));
  parts.push(make("span", {}, t("characters", { n: a.characters.toLocaleString(ui()) })));
  return make("span", { class: "cc-facts" }, ...parts);
}

function form() {
  const { endings, megabytes } = state.start;
  const pick = make("input", { type: "file", multiple: true, accept: endings.join(","), id: "cc-files", on: {
    change: () => take(pick.files),
  } });
  const note = t("drop_note", { endings: endings.map((e) => e.slice(1)).join(", "), size: megabytes });
  const drop = make("label", { class: "cc-drop", for: "cc-files" }, make("span", {}, t("drop")),
    make("span", { class: "cc-note" }, note), pick);
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.toggleAttribute("data-over", true);
  });
  drop.addEventListener("dragleave", () => drop.removeAttribute("data-over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.removeAttribute("data-over");
    take(event.dataTransfer.files);
  });
  const title = make("input", { type: "text", maxlength: 100, "aria-label": t("paste_title"), placeholder: t("paste_title") });
  const text = make("textarea", { rows: 6, dir: "auto", "aria-label": t("paste_text"), placeholder: t("paste_text") });
  const paste = make("form", { class: "cc-paste" }, title, text, make("button", { type: "submit", class: "cc-second" }, t("add_text")));
  paste.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!text.value.trim()) return text.focus();
    const name = `${title.value.trim().replace(/[\\/.]+/g, " ").trim() || text.value.trim().slice(0, 40).replace(/[\\/.\n]+/g, " ")}.txt`;
    const whole = title.value.trim() ? `${title.value.trim()}\n\n${text.value}` : text.value;
    change("articles/add", { files: [{ name, text: whole }] }, [name]);
  });
  const folded = make("details", { class: "cc-fold-form" }, make("summary", {}, t("paste")), paste);
  return make("div", { class: "cc-add" }, make("h3", {}, t("add")), drop, folded,
    make("ul", { class: "cc-progress", id: "cc-progress", role: "status" }));
}

async function take(given) {
  const { files: most, megabytes, endings } = state.start;
  const files = [];
  told.clear();
  for (const [i, file] of [...given].entries()) {
    const ending = /\.[^.]+$/.exec(file.name)?.[0].toLowerCase() ?? "";
    const fail = (reason) => told.set(file.name, { stage: "failed", text: t("stage_failed", { reason }) });
    if (i >= most) fail(t("file_many", { n: most }));
    else if (!endings.includes(ending)) fail(t("file_type", { endings: endings.join(", ") }));
    else if (file.size > megabytes * 2 ** 20) fail(t("file_size", { size: (file.size / 2 ** 20).toFixed(1), limit: megabytes }));
    else files.push({ name: file.name, base64: await base64(file) });
  }
  report();
  if (files.length) await change("articles/add", { files }, files.map((f) => f.name), false);
}

const base64 = (file) => new Promise((done, failed) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
  reader.onerror = () => failed(reader.error);
  reader.readAsDataURL(file);
});

async function change(path, asked, names, anew = true) {
  if (working) return;
  working = true;
  if (anew) told.clear();
  for (const name of names) told.set(name, { stage: "received", text: "…" });
  report();
  let shared = null;
  try {
    for await (const event of lines(path, { ...asked, ui: ui() })) {
      if (event.file) {
        if (event.given !== event.file) told.delete(event.given ?? names[0]);
        told.set(event.file, event);
      } else if (event.stage === "failed") {
        for (const name of names) if (told.get(name)?.stage !== "failed") told.set(name, event);
      } else shared = event;
      report(shared);
    }
  } catch (error) {
    for (const name of names) told.set(name, { stage: "failed", text: error.message });
  }
  working = false;
  await refresh();
  report();
}

function report(shared = null) {
  const list = $("#cc-progress");
  if (!list) return;
  list.replaceChildren();
  for (const [name, event] of told) {
    const open = shared && !["failed", "ready"].includes(event.stage);
    const at = open ? shared : event;
    const bar = open && at.total ? make("progress", { max: at.total, value: at.done, "aria-label": name }) : null;
    list.append(make("li", { "data-stage": at.stage }, make("bdi", { class: "cc-file" }, name),
      make("span", {}, at.text), bar));
  }
}

