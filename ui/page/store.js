// What this browser remembers: settings, and conversations with their answers. Nothing of it is kept elsewhere.

const SETTINGS = "crosscite.settings";
const TALKS = "crosscite.conversations";
const CURRENT = "crosscite.current"; // of this tab
const MOST = 100;

export const DEFAULTS = { ui: "", look: "", answerLang: "", sourceLangs: [], k: 10, model: null };

function read(key, otherwise, store = localStorage) {
  try {
    return JSON.parse(store.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export const settings = { ...DEFAULTS, ...read(SETTINGS, {}) };

export function keep(changes) {
  Object.assign(settings, changes);
  try {
    localStorage.setItem(SETTINGS, JSON.stringify(settings));
  } catch {
    // A browser that keeps nothing still has the settings until the page is closed.
  }
}

export function talks() {
  const all = read(TALKS, []);
  return Array.isArray(all) ? all.filter((talk) => talk && talk.id && Array.isArray(talk.turns)) : [];
}

// Puts `talk` first and saves; true if older ones had to go because the browser's storage is full.
export function save(talk) {
  const all = [talk, ...talks().filter((other) => other.id !== talk.id)].slice(0, MOST);
  let forgot = false;
  while (all.length) {
    try {
      localStorage.setItem(TALKS, JSON.stringify(all));
      break;
    } catch {
      all.pop();
      forgot = true;
    }
  }
  return forgot;
}

export function remove(id) {
  localStorage.setItem(TALKS, JSON.stringify(talks().filter((talk) => talk.id !== id)));
}

export function forgetAll() {
  localStorage.removeItem(TALKS);
}

export const newTalk = () => ({ id: crypto.randomUUID?.() ?? String(Math.random()).slice(2), turns: [] });

export function current() {
  const id = read(CURRENT, null, sessionStorage);
  return talks().find((talk) => talk.id === id) ?? newTalk();
}

export function setCurrent(talk) {
  sessionStorage.setItem(CURRENT, JSON.stringify(talk.id));
}
