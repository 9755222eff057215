// The server's addresses: JSON in, JSON or lines of JSON out. An error is thrown with words a reader understands.
import { t } from "./words.js";

const root = new URL("crosscite/", document.baseURI);

async function reach(path, data, signal) {
  const options = data && {
    method: "POST", signal, headers: { "Content-Type": "application/json" }, body: JSON.stringify(data),
  };
  let reply;
  try {
    reply = await fetch(new URL(path, root), options ?? { signal });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Error(t("offline"));
  }
  if (reply.ok) return reply;
  const { error, seconds } = await reply.json().catch(() => ({}));
  if (reply.status === 429) throw new Error(t("too_many", { n: seconds }));
  if (reply.status === 401) throw new Error(t("signed_out"));
  throw new Error(reply.status === 400 && error ? error : t("offline"));
}

export const get = async (path) => (await reach(path)).json();
export const post = async (path, data) => (await reach(path, data)).json();

// The lines of a growing reply, each as soon as it is whole.
export async function* lines(path, data, signal) {
  const reader = (await reach(path, data, signal)).body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      for (const part of parts) yield JSON.parse(part);
    }
  } catch (error) {
    throw error.name === "AbortError" || error instanceof SyntaxError ? error : new Error(t("offline"));
  }
  if (rest) yield JSON.parse(rest);
}
