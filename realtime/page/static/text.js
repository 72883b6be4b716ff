// The language of the page: the first of the browser's languages that there is a file of texts for.

export const LANGUAGES = ["en", "de", "fr", "es", "ja"];

export const language =
  navigator.languages.map((name) => name.toLowerCase().split("-")[0]).find((name) => LANGUAGES.includes(name)) ?? "en";

const { default: texts } = await import(`./text.${language}.js`);

/** Give a text in the page's language; `{name}` in it stands for a value. */
export function t(key, values = {}) {
  return texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Say whether there is a text of this name. */
export const hasText = (key) => Object.hasOwn(texts, key);

/** Write a number as the language does. */
export const number = (value, digits = 0) =>
  value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Write a share as percents. */
export const percent = (share) => share.toLocaleString(language, { style: "percent", maximumFractionDigits: 0 });

/** Write the texts of the elements that name one in `data-text`. */
export function translate(root = document) {
  document.documentElement.lang = language;
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
}
