// The amounts: a slider each, which follows what others change, and never jumps under the hand that moves it.
import { button, make } from "./dom.js";
import { number, percent, t } from "./text.js";

const BETWEEN = 50;
const HELD = 700;
const FULL = -1;
const FULL_AT = 1.1;
const LEAST_BRUSH = -2.3;

const share = { min: 0, max: 1, step: 0.01, show: percent, of: (value) => value, to: (value) => value };
const kinds = {
  strength: share,
  blend: share,
  own_colours: share,
  steady: share,
  brush: {
    min: LEAST_BRUSH,
    max: FULL_AT,
    step: 0.05,
    show: (value) => (value === FULL ? t("brush_full") : percent(value)),
    of: (brush) => (brush === FULL ? FULL_AT : Math.min(1, Math.max(LEAST_BRUSH, Math.log2(brush)))),
    to: (place) => (place > 1.04 ? FULL : Math.round(100 * 2 ** place) / 100),
    send: (brush) => (brush === FULL ? "full" : brush),
  },
  morph: {
    min: 0,
    max: 4,
    step: 0.1,
    show: (seconds) => (seconds ? t("seconds", { n: number(seconds, 1) }) : t("at_once")),
    of: (value) => value,
    to: (value) => value,
  },
};

export class Sliders {
  #link;
  #rows = new Map();

  /** Make the sliders of the look that a link steers. */
  constructor(link) {
    this.#link = link;
    this.second = button(t("second"), "second", {
      class: "small",
      "aria-pressed": "false",
      data: { control: "second" },
      on: { click: () => link.command("second") },
    });
    const rows = Object.keys(kinds).map((name) => this.#row(name));
    rows[1].append(this.second);
    this.element = make("div", { class: "sliders" }, ...rows);
    link.on("state", (state) => this.#follow(state));
  }

  /** Move a slider to a place from 0, its left end, to 1. */
  set(name, place) {
    const { input } = this.#rows.get(name);
    if (input.disabled) return;
    input.value = Number(input.min) + place * (Number(input.max) - Number(input.min));
    input.dispatchEvent(new Event("input"));
  }

  has(name) {
    return this.#rows.has(name);
  }

  #row(name) {
    const kind = kinds[name];
    const { min, max, step } = kind;
    const output = make("output", { for: `amount-${name}` });
    const input = make("input", { id: `amount-${name}`, type: "range", min, max, step, data: { control: name } });
    const row = { input, output, sent: 0, moved: -HELD, timer: 0 };
    this.#rows.set(name, row);
    input.addEventListener("input", () => {
      row.moved = performance.now();
      this.#show(name, kind.to(Number(input.value)));
      clearTimeout(row.timer);
      row.timer = setTimeout(() => this.#send(name), Math.max(0, row.sent + BETWEEN - performance.now()));
    });
    return make(
      "div",
      { class: "slider" },
      make("label", { for: input.id }, t(name)),
      output,
      input,
      name === "brush"
        ? make("p", { class: "ends soft", "aria-hidden": "true" }, make("span", {}, t("strokes_large")), make("span", {}, t("strokes_fine")))
        : null,
    );
  }

  #send(name) {
    const row = this.#rows.get(name);
    const value = kinds[name].to(Number(row.input.value));
    row.sent = performance.now();
    this.#link.command(name, kinds[name].send?.(value) ?? value);
  }

  #show(name, value) {
    const { input, output } = this.#rows.get(name);
    const text = kinds[name].show(value);
    if (output.textContent === text) return;
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
    input.style.setProperty("--place", (Number(input.value) - input.min) / (input.max - input.min));
  }

  #follow({ look, morph }) {
    const several = look.styles.length > 1;
    const blend = several ? look.styles[look.styles.length - 1][1] : 1;
    const blending = this.#rows.get("blend").input;
    blending.disabled = !several;
    this.second.setAttribute("aria-pressed", String(several));
    for (const [name, value] of Object.entries({ ...look, blend, morph })) {
      const row = this.#rows.get(name);
      if (!row || performance.now() - row.moved < HELD) continue;
      row.input.value = kinds[name].of(value);
      row.output.textContent = "";
      this.#show(name, value);
    }
  }
}
