// Brings the page's frame to life once Gradio has put it up.
import * as articles from "./articles.js";
import * as chat from "./chat.js";
import * as panels from "./panels.js";
import * as reader from "./reader.js";
import * as scores from "./scores.js";
import { $, $$, beside, notice } from "./dom.js";
import { get } from "./net.js";
import { keep, settings } from "./store.js";
import { translate, ui } from "./words.js";

const app = await new Promise((found) => {
  const look = () => $("#cc-app") && (watcher.disconnect(), found($("#cc-app")));
  const watcher = new MutationObserver(look);
  watcher.observe(document.documentElement, { childList: true, subtree: true });
  look();
});

const dark = matchMedia("(prefers-color-scheme: dark)");
function look() {
  document.body.classList.toggle("dark", settings.look ? settings.look === "dark" : dark.matches);
}
dark.addEventListener("change", look);

function view(name) {
  app.dataset.view = name;
  for (const tab of $$(".cc-tab")) {
    if (tab.dataset.view === name) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  $("#cc-talk").hidden = name !== "chat";
  $("#cc-articles").hidden = name !== "articles";
  $("#cc-scores").hidden = name !== "scores";
  reader.sheet(name === "reader");
  if (name === "reader") {
    const first = reader.shown() ?? { id: chat.citations().at(-1)?.article_id ?? chat.state.start?.articles[0]?.id };
    if (first.id) reader.open(first, { move: false });
  } else if (name === "articles") articles.render();
  else if (name === "scores") scores.render();
  scrollTo({ top: 0 });
}

async function restart() {
  chat.state.start = await get(`start?ui=${ui()}`);
  app.toggleAttribute("data-feedback", chat.state.start.feedback);
  $("#cc-welcome").innerHTML = chat.state.start.examples;
  if (settings.model !== null && !chat.state.start.models.includes(settings.model)) keep({ model: null });
  if (app.dataset.view === "articles") articles.render();
}

async function changed(words) {
  look();
  if (!words) return;
  translate(app);
  try {
    await restart();
  } catch (error) {
    notice(error.message);
  }
  await chat.refresh();
  reader.refreshAll();
  if (app.dataset.view === "scores") scores.render();
}

look();
translate(app);
reader.mount();
panels.mount({ changed });
articles.mount({ changed: async () => { await restart(); reader.refreshAll(); } });
chat.mount({
  asked: () => { if (app.dataset.view !== "chat") view("chat"); },
  answered: (turn) => { if (!app.hasAttribute("data-sheet") || beside()) reader.show(turn); },
  opened: () => { view("chat"); reader.latest(); },
});
for (const tab of $$(".cc-tab")) tab.addEventListener("click", () => view(tab.dataset.view));
app.toggleAttribute("data-empty", chat.state.talk.turns.length === 0);
app.toggleAttribute("data-ready", true);
if (matchMedia("(pointer: fine)").matches) $("#cc-question").focus({ preventScroll: true });

const asked = reader.asked();
try {
  await restart();
} catch (error) {
  notice(error.message);
}
await chat.refresh();
if (asked) await reader.open(asked);
else reader.latest();
app.toggleAttribute("data-loaded", true);
