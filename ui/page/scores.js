// The scores: a saved run as plots, beside another one, and a run of the development questions.
import { $, button, make } from "./dom.js";
import { lines, post } from "./net.js";
import { state } from "./chat.js";
import { t, ui } from "./words.js";

let chosen = { run: null, against: null };
let running = false;

export async function render() {
  const section = $("#cc-scores");
  let shown;
  try {
    shown = await post("scores/show", { ...chosen, ui: ui() });
  } catch (error) {
    section.replaceChildren(make("p", { role: "alert" }, error.message));
    return;
  }
  const head = make("div", { class: "cc-scores-head" });
  if (shown.runs.length) {
    head.append(select(t("scores_show"), shown.runs, shown.run, (run) => render(Object.assign(chosen, { run }))));
    const others = [["", t("scores_nothing")], ...shown.runs.filter(([name]) => name !== shown.run)];
    head.append(select(t("scores_against"), others, shown.against ?? "", (name) => render(Object.assign(chosen, { against: name || null }))));
  }
  const bar = make("div", { class: "cc-run", role: "status" });
  if (state.start?.changes && state.start?.scores) {
    head.append(button("cc-second", t("scores_run"), () => run(bar), { id: "cc-run", disabled: running }));
  }
  const plots = shown.html ? report(shown.html) : "";
  const none = shown.runs.length ? null : make("p", { class: "cc-note" }, t("scores_none"));
  section.replaceChildren(make("h2", {}, t("scores")), make("p", { class: "cc-note" }, t("scores_note")), head, bar, ...[none, plots].filter(Boolean));
}

// A report is a whole page of its own: it is shown in a frame that runs nothing, as high as it needs to be.
function report(html) {
  const frame = make("iframe", { class: "cc-report", title: t("scores"), sandbox: "allow-same-origin", srcdoc: html });
  frame.addEventListener("load", () => {
    const { body } = frame.contentDocument;
    const fit = () => (frame.style.height = `${body.scrollHeight + 8}px`);
    new ResizeObserver(fit).observe(body);
    fit();
  });
  return frame;
}

function select(label, options, value, change) {
  const field = make("select", { on: { change: () => change(field.value) } });
  for (const [name, words] of options) field.append(make("option", { value: name }, words));
  field.value = value;
  return make("label", { class: "cc-field" }, make("span", {}, label), field);
}

async function run(bar) {
  if (running) return;
  running = true;
  $("#cc-run").disabled = true;
  const progress = make("progress", { max: 1, value: 0, "aria-label": t("scores_run") });
  const words = make("span", {}, "…");
  bar.replaceChildren(progress, words);
  let failure = "";
  try {
    for await (const event of lines("scores/run", { ui: ui() })) {
      if (event.error) throw new Error(event.error);
      if (event.run) chosen = { run: event.run, against: chosen.run };
      else {
        progress.max = event.total;
        progress.value = event.done;
        words.textContent = t("scores_progress", event);
      }
    }
  } catch (error) {
    failure = error.message;
  }
  running = false;
  await render();
  if (failure) $(".cc-run").replaceChildren(make("p", { role: "alert" }, failure));
}
