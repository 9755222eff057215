// Small helpers: elements are built from text, never from markup; only what the server has escaped is set as HTML.
import { t } from "./words.js";

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const calm = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
export const beside = () => matchMedia("(min-width: 1000px)").matches;

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

export const button = (name, label, act, more = {}) =>
  make("button", { type: "button", class: name, on: { click: act }, ...more }, label);

// A button that acts on the second click only, and forgets the first after a while.
export function twice(name, label, sure, act, more = {}) {
  const element = button(name, label, () => {
    if (element.dataset.sure) return act();
    element.dataset.sure = "yes";
    element.textContent = sure;
    setTimeout(() => {
      delete element.dataset.sure;
      element.textContent = label;
    }, 4000);
  }, more);
  return element;
}

export function say(words) {
  const live = $("#cc-live");
  live.textContent = "";
  requestAnimationFrame(() => (live.textContent = words));
}

export function notice(words) {
  $("#cc-notice").replaceChildren(...(words ? [make("p", { role: "alert" }, words)] : []));
}

export async function copy(text, pressed) {
  let words = t("copied");
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const box = make("textarea", { class: "cc-hidden-text" });
    box.value = text;
    document.body.append(box);
    box.select();
    if (!document.execCommand("copy")) words = t("copy_failed");
    box.remove();
  }
  say(words);
  if (pressed) {
    const before = pressed.textContent;
    pressed.textContent = words;
    setTimeout(() => (pressed.textContent = before), 1600);
  }
}

export function download(name, text, type) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function dialog(element, title, ...content) {
  const close = button("cc-close", "×", () => element.close(), { "aria-label": t("close") });
  element.replaceChildren(make("div", { class: "cc-dialog-head" }, make("h2", {}, title), close), ...content);
  if (!element.open) element.showModal();
}
