// Elements, icons and dialogs.
import { t } from "./text.js";

/**
 * Make an element.
 * @param {string} tag
 * @param {object} given properties by name; `on` has listeners, `data` data attributes; `role`, `for`, `aria-…` and the
 *   like are attributes; undefined and false set nothing
 * @param {...(Node|string|null)} children
 */
export function make(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === false || value === null) continue;
    if (name === "on") for (const [event, hear] of Object.entries(value)) element.addEventListener(event, hear);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "class") element.className = value;
    else if (name in element && !name.includes("-") && !["list", "form"].includes(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const PATHS = {
  snapshot: "M4 8h3l2-3h6l2 3h3v11H4zM12 17a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
  record: "M12 18a6 6 0 1 0 0-12 6 6 0 0 0 0 12z",
  replay: "M4 12a8 8 0 1 0 2.5-5.8M4 4v4.5h4.5M12 8v4.5l3 2",
  compare: "M4 5h16v14H4zM12 3v18M7 9l-1.2 3L7 15",
  mirror: "M12 4v16M9 7l-6 10h6zM15 7l6 10h-6z",
  freeze: "M9 6v12M15 6v12",
  fullscreen: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  help: "M9.5 9.3a2.6 2.6 0 1 1 3.6 2.5c-.8.4-1.1.9-1.1 1.9M12 17v.2M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  add: "M12 5v14M5 12h14",
  photo: "M4 7h16v12H4zM4 16l4.5-4.5 4 4 2.5-2.5 5 5M15.5 10.6v.1",
  phone: "M8 3h8v18H8zM11 18h2",
  qr: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5H14zM17.5 17.5H20V20h-2.5zM14 20v-.5M20 14v.5",
  download: "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14",
  close: "M6 6l12 12M18 6L6 18",
  keep: "M7 4h10v16l-5-4-5 4z",
  beat: "M8 21h8l-2.5-17h-3zM12 15l5-8M9 17h6",
  knob: "M12 19a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM12 12l3.5-3.5",
  next: "M9 5l7 7-7 7",
  people: "M9 11a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 9 11zM3 20c0-3.5 2.6-6 6-6s6 2.5 6 6M16 5a3 3 0 0 1 0 5.6M18 14.5c1.9.9 3 2.9 3 5.5",
  turn: "M5 9a7.5 7.5 0 0 1 13-2.5L20 9M20 4v5h-5M19 15a7.5 7.5 0 0 1-13 2.5L4 15M4 20v-5h5",
  play: "M8 5l11 7-11 7z",
  second: "M9 15.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM15 19.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11z",
};

/** Make a picture of one of `PATHS`, which screen readers pass over. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${name}`);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** Make a button with an icon, a label, or both; `given` as in `make`. */
export function button(label, name, given = {}) {
  return make("button", { type: "button", ...given }, name ? icon(name) : null, make("span", {}, label));
}

/** Make a section with a heading, an icon before it, and what is in it. */
export function section(id, heading, name, ...children) {
  const title = make("h2", { id: `${id}-heading` }, icon(name), heading);
  return make("section", { id, class: "card", "aria-labelledby": title.id }, title, ...children);
}

/** Open a modal dialog; Escape, its cross and `close()` end it, and the focus goes back to where it was. */
export function dialog(heading, ...children) {
  const before = document.activeElement;
  const title = make("h2", { id: `dialog-${crypto.getRandomValues(new Uint32Array(1))[0]}` }, heading);
  const cross = make(
    "button",
    { type: "button", class: "plain", "aria-label": t("close"), on: { click: () => box.close() } },
    icon("close"),
  );
  const box = make(
    "dialog",
    {
      "aria-labelledby": title.id,
      on: {
        close: () => {
          box.remove();
          if (before?.isConnected) before.focus();
        },
        click: (event) => event.target === box && box.close(),
      },
    },
    make("div", { class: "dialog" }, make("header", {}, title, cross), ...children),
  );
  document.body.append(box);
  box.showModal();
  return box;
}

/** Ask a question; resolves to whether it was answered by `yes`. */
export function ask(question, yes) {
  return new Promise((resolve) => {
    let answer = false;
    const box = dialog(
      question,
      make(
        "div",
        { class: "row end" },
        button(t("cancel"), null, { autofocus: true, on: { click: () => box.close() } }),
        button(yes, null, {
          class: "strong",
          on: {
            click: () => {
              answer = true;
              box.close();
            },
          },
        }),
      ),
    );
    box.addEventListener("close", () => resolve(answer));
  });
}

/** Show an SVG document, such as a QR code, as an image. */
export function svgImage(svg, label) {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  return make("img", { class: "qr", alt: label, src: address, on: { load: () => URL.revokeObjectURL(address) } });
}

/** Write seconds as minutes and seconds. */
export function minutes(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
