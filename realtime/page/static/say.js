// What the page says: short notices at the foot, which a screen reader reads, and errors in the page's language.
import { make } from "./dom.js";
import { hasText, t } from "./text.js";

const SECONDS = 5;
const MOST = 3;

const list = make("div", { class: "notices", role: "status", "aria-live": "polite" });
document.body.append(list);

/** Say something for some seconds. `lang` is the language of a text that is not the page's. */
export function say(text, { lang, strong = false } = {}) {
  const before = list.lastElementChild;
  if (before?.textContent === text) before.remove();
  const notice = make("p", { class: strong ? "notice strong" : "notice", lang }, text);
  list.append(notice);
  while (list.children.length > MOST) list.firstElementChild.remove();
  setTimeout(() => notice.remove(), (strong ? 2 : 1) * SECONDS * 1000);
}

/** Say an error by its code; what the program wrote of it follows in English where the code has no text. */
export function sayError(code, message) {
  if (hasText(`error_${code}`)) say(t(`error_${code}`), { strong: true });
  else say(message, { lang: "en", strong: true });
}
