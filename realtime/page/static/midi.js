// MIDI: knobs, faders and pads steer sliders, buttons and styles. What is learned stays in this browser, by device.
import { button, make } from "./dom.js";
import { say } from "./say.js";
import { t } from "./text.js";

const KEPT = "realtime.midi";
const NOTE_ON = 0x90;
const NOTE_OFF = 0x80;
const CONTROL = 0xb0;
const GESTURE = 400;

function kept() {
  try {
    const read = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    return new Map(Object.entries(read).filter(([, control]) => typeof control === "string"));
  } catch {
    return new Map();
  }
}

export class Midi {
  #map = kept();
  #sliders;
  #learns = false;
  #moved = null;
  #wanted = null;
  #last = null;
  #joined = -Infinity;
  #pressed = new Map();

  /** Make what connects MIDI devices to the elements with `data-control`. */
  constructor(sliders) {
    this.#sliders = sliders;
    this.connect = button(t("midi_connect"), "knob", { on: { click: () => this.#connect() } });
    this.learn = button(t("midi_learn"), null, {
      hidden: true,
      "aria-pressed": "false",
      on: { click: () => this.#switch(!this.#learns) },
    });
    this.forget = button(t("midi_forget"), null, { hidden: true, on: { click: () => this.#forget() } });
    this.state = make("p", { class: "soft" }, t("midi_about"));
    this.element = make("div", { class: "midi" }, this.state, make("div", { class: "row" }, this.connect, this.learn, this.forget));
    for (const event of ["click", "input"]) document.addEventListener(event, (happened) => this.#choose(happened), true);
    document.addEventListener("keydown", (event) => {
      if (this.#learns && event.key === "Escape") this.#switch(false);
    });
  }

  async #connect() {
    if (!navigator.requestMIDIAccess) {
      this.state.textContent = t("midi_none");
      return;
    }
    try {
      const access = await navigator.requestMIDIAccess();
      access.onstatechange = () => this.#listen(access);
      this.#listen(access);
      this.connect.hidden = true;
      this.learn.hidden = false;
      this.forget.hidden = this.#map.size === 0;
    } catch {
      this.state.textContent = t("midi_refused");
    }
  }

  #listen(access) {
    const inputs = [...access.inputs.values()];
    for (const input of inputs) input.onmidimessage = ({ data }) => this.#hear(input.name ?? "", data);
    this.state.textContent = inputs.length
      ? t("midi_devices", { names: inputs.map((input) => input.name).join(", ") })
      : t("midi_no_device");
  }

  #switch(learns) {
    this.#learns = learns;
    this.#moved = this.#wanted = null;
    document.body.classList.toggle("learning", learns);
    this.learn.setAttribute("aria-pressed", String(learns));
    if (learns) say(t("midi_how"));
  }

  #forget() {
    this.#map.clear();
    this.#keep();
  }

  #keep() {
    localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(this.#map)));
    this.forget.hidden = this.#map.size === 0;
  }

  /** In learn mode a click chooses a control and does nothing else. */
  #choose(event) {
    if (!this.#learns) return;
    const element = event.target.closest?.("[data-control]");
    if (!element) return;
    event.preventDefault();
    event.stopPropagation();
    const control = element.dataset.control;
    if (control === this.#last && performance.now() - this.#joined < GESTURE) return; // a slider tells of one click twice
    this.#wanted = control;
    this.#join(element.ariaLabel ?? element.textContent.trim());
  }

  #join(name) {
    if (!this.#moved || !this.#wanted) return;
    this.#map.set(this.#moved, this.#wanted);
    this.#keep();
    say(t("midi_learned", { name: name || this.#label(this.#wanted) }));
    this.#last = this.#wanted;
    this.#moved = this.#wanted = null;
    this.#joined = performance.now();
  }

  #label(control) {
    const element = document.querySelector(`[data-control="${CSS.escape(control)}"]`);
    return element?.labels?.[0]?.textContent ?? element?.textContent.trim() ?? control;
  }

  #hear(device, [status, number, value = 0]) {
    const kind = status & 0xf0;
    if (![NOTE_ON, NOTE_OFF, CONTROL].includes(kind)) return;
    const key = `${device}|${status & 0x0f}|${kind === CONTROL ? "control" : "note"}|${number}`;
    const amount = kind === NOTE_OFF ? 0 : value / 127;
    if (this.#learns) {
      if (!amount) return;
      this.#moved = key;
      this.#join();
      return;
    }
    const control = this.#map.get(key);
    if (control && this.#sliders.has(control)) this.#slide(control, kind, amount);
    else if (control) this.#push(control, key, amount);
  }

  #slide(control, kind, amount) {
    if (kind === CONTROL || amount) this.#sliders.set(control, amount);
  }

  /** A pad, or a knob that is turned past its middle, presses a button once. */
  #push(control, key, amount) {
    const down = amount >= 0.5 || (key.includes("|note|") && amount > 0);
    if (down && !this.#pressed.get(key)) document.querySelector(`[data-control="${CSS.escape(control)}"]`)?.click();
    this.#pressed.set(key, down);
  }
}
