// The language of the page: the first of the browser's languages that there is a file of texts for.

export const LANGUAGES = ["en", "de", "fr", "es", "ja"];

const known = (name) => LANGUAGES.includes(name.toLowerCase().split("-")[0]);

/** The language with its country, by which numbers and times are written. */
export const locale = navigator.languages.find(known) ?? "en";

export const language = locale.toLowerCase().split("-")[0];

const { default: texts } = await import(`./text.${language}.js`);

/** Give a text in the page's language; `{name}` in it stands for a value. */
export function t(key, values = {}) {
  return texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Say whether there is a text of this name. */
export const hasText = (key) => Object.hasOwn(texts, key);

/** Write a number as the language does. */
export const number = (value, digits = 0) =>
  value.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Write a share as percents. */
export const percent = (share) => share.toLocaleString(locale, { style: "percent", maximumFractionDigits: 0 });

/** Write the texts of the elements that name one in `data-text`. */
export function translate(root = document) {
  document.documentElement.lang = language;
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
}
