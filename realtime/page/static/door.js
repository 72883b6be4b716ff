// The door: what stands over the whole page, where it asks for a token and where it has ended.
import { button, make } from "./dom.js";
import { hasText, t } from "./text.js";

/**
 * Ask for a token.
 * @param {string | null} error what was wrong with the one before
 * @param {(text: string) => Promise<object>} exchange exchanges what a person typed
 * @returns what `exchange` gives for it
 */
export function ask(error, exchange) {
  return new Promise((resolve) => {
    const field = make("input", {
      id: "token",
      type: "text",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: false,
      required: true,
      "aria-describedby": "token-help token-error",
    });
    const form = make(
      "form",
      {
        class: "entry",
        on: {
          submit: async (event) => {
            event.preventDefault();
            const answer = await exchange(field.value).catch(() => ({ error: "unreachable" }));
            main.remove();
            for (const element of covered) element.hidden = false;
            resolve(answer);
          },
        },
      },
      make("h1", { class: "mark" }, make("img", { src: "/static/icon.svg", alt: "" }), "realtime"),
      make("label", { for: "token" }, t("token")),
      field,
      make("p", { id: "token-help", class: "soft" }, t("token_help")),
      make("p", { id: "token-error", class: "wrong", role: "alert" }, error ? t(knownError(error)) : ""),
      button(t("token_go"), null, { class: "strong", type: "submit" }),
    );
    const main = make("main", { class: "door" }, form);
    const covered = [...document.body.children].filter((element) => !element.hidden);
    for (const element of covered) element.hidden = true;
    document.body.append(main);
    field.focus();
  });
}

const knownError = (code) => (hasText(`error_${code}`) ? `error_${code}` : "error_failed");

/** Say, over the whole page, why it has ended; `again` is a text for a button that loads it anew. */
export function farewell(text, again) {
  document.body.replaceChildren(
    make(
      "main",
      { class: "door" },
      make(
        "div",
        { class: "entry", role: "alert" },
        make("h1", { class: "mark" }, make("img", { src: "/static/icon.svg", alt: "" }), "realtime"),
        make("p", {}, text),
        again ? button(again, null, { class: "strong", on: { click: () => location.reload() } }) : null,
      ),
    ),
  );
}
