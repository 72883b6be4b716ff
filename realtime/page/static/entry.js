// The door: a token becomes a cookie at once and leaves the address bar; where there is none, the page asks for it.
import { button, make } from "./dom.js";
import { hasText, t } from "./text.js";

/** Take the token out of an address or of what a person pasted. */
const tokenIn = (text) => text.trim().replace(/^.*#/s, "");

async function exchange(token) {
  const answer = await fetch("/token", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  });
  return (await answer.json()).error ?? null;
}

/**
 * Let the visitor in.
 * @param {string[]} roles whom this page is for
 * @returns what the program says of itself and of this browser's role
 */
export async function enter(roles) {
  let error = null;
  if (location.hash.length > 1) {
    const token = tokenIn(location.hash);
    history.replaceState(null, "", location.pathname + location.search);
    error = await exchange(token);
  }
  addEventListener("hashchange", () => location.reload());
  for (;;) {
    const hello = await (await fetch("/hello")).json();
    if (roles.includes(hello.role)) return hello;
    if (hello.role && !error) error = "other-role";
    error = await asked(error);
  }
}

/** Ask for a token until one is given; gives what was wrong with it, or null. */
function asked(error) {
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
            const wrong = await exchange(tokenIn(field.value)).catch(() => "unreachable");
            main.remove();
            for (const element of covered) element.hidden = false;
            resolve(wrong);
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
