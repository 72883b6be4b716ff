// The slideshow in beats: tap a tempo, choose how many beats each style has.
import { button, make } from "./dom.js";
import { t } from "./text.js";

const BEATS = [1, 2, 4, 8, 16, 32];
const SLOWEST = 30;
const FASTEST = 300;
const FORGOTTEN = 2500;
const MOST_TAPS = 8;
const FLASH_SECONDS = 1 / 3;

/** Give the beats a minute of the times of taps in milliseconds, or null where there are too few. */
export function tempo(taps) {
  if (taps.length < 2) return null;
  const beat = (taps[taps.length - 1] - taps[0]) / (taps.length - 1);
  return Math.min(FASTEST, Math.max(SLOWEST, 60000 / beat));
}

export class Rhythm {
  #link;
  #taps = [];
  #bpm = 120;
  #runs = false;

  /** Make what sets the slideshow of the stream that a link steers. */
  constructor(link) {
    this.#link = link;
    this.field = make("input", {
      id: "tempo",
      type: "number",
      min: SLOWEST,
      max: FASTEST,
      step: "any",
      value: this.#bpm,
      inputMode: "decimal",
      on: { change: () => this.#typed() },
    });
    this.beats = make(
      "select",
      { id: "beats", on: { change: () => this.#again() } },
      ...BEATS.map((beats) => make("option", { value: beats, selected: beats === 8 }, String(beats))),
    );
    this.start = button(t("slideshow"), "play", {
      "aria-pressed": "false",
      data: { control: "slideshow" },
      on: { click: () => (this.#runs ? link.command("slideshow", 0) : this.#begin()) },
    });
    this.note = make("p", { class: "soft", hidden: true }, t("flash"));
    this.element = make(
      "div",
      { class: "rhythm" },
      button(t("tap"), "beat", {
        class: "tap",
        data: { control: "tap" },
        on: { pointerdown: (event) => this.#pressed(event), click: (event) => event.detail === 0 && this.tap() },
      }),
      make("div", { class: "field" }, make("label", { for: "tempo" }, t("tempo")), this.field),
      make("div", { class: "field" }, make("label", { for: "beats" }, t("beats")), this.beats),
      this.start,
      this.note,
    );
    link.on("state", ({ slideshow }) => {
      this.#runs = slideshow > 0;
      this.start.setAttribute("aria-pressed", String(this.#runs));
    });
    link.on("hello", () => this.#warn());
  }

  /** Seconds that each style has. */
  get seconds() {
    return (Number(this.beats.value) * 60) / this.#bpm;
  }

  /** Take the beat; the style changes on it where the slideshow runs. */
  tap(now = performance.now()) {
    if (now - (this.#taps.at(-1) ?? 0) > FORGOTTEN) this.#taps = [];
    this.#taps = [...this.#taps, now].slice(-MOST_TAPS);
    const bpm = tempo(this.#taps);
    if (bpm === null) return;
    this.#bpm = bpm;
    this.field.value = bpm.toFixed(1);
    this.#again();
  }

  #pressed(event) {
    if (event.button === 0) this.tap();
  }

  #typed() {
    const bpm = Number(this.field.value);
    if (bpm) this.#bpm = Math.min(FASTEST, Math.max(SLOWEST, bpm));
    this.field.value = Math.round(10 * this.#bpm) / 10;
    this.#again();
  }

  #warn() {
    this.note.hidden = this.#link.last.hello?.strobe || this.seconds >= FLASH_SECONDS;
  }

  #again() {
    this.#warn();
    if (this.#runs) this.#link.command("slideshow", this.seconds);
  }

  #begin() {
    this.#link.command("step", 1);
    this.#link.command("slideshow", this.seconds);
  }
}
