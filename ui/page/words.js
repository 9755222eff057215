// The page's words in the interface's language; elements with data-t, data-t-label, data-t-placeholder follow it.
import { settings } from "./store.js";

const { words, languages, interfaces } = window.crossciteWords;

export function interfaceOf(tag) {
  const locale = new Intl.Locale(tag).maximize();
  if (locale.language === "zh") return `zh-${locale.script}`;
  return interfaces.includes(locale.language) ? locale.language : null;
}

export function ui() {
  if (interfaces.includes(settings.ui)) return settings.ui;
  for (const tag of navigator.languages) {
    const known = interfaceOf(tag);
    if (known) return known;
  }
  return "en";
}

export function t(key, values = {}) {
  const own = words[ui()];
  const text = (values.n === 1 && own[`${key}.one`]) || own[key];
  return text.replace(/\{(\w+)[^}]*\}/g, (_, name) => values[name]);
}

export const languageName = (tag) => languages[tag] ?? languages[tag.split("-")[0]] ?? tag;
export { interfaces };

export function translate(app) {
  app.lang = ui();
  document.documentElement.lang = ui();
  for (const element of app.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of app.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel));
  }
  for (const element of app.querySelectorAll("[data-t-placeholder]")) {
    element.placeholder = t(element.dataset.tPlaceholder);
  }
}
