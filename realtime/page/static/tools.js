// The buttons under the picture.
import { button, make, minutes } from "./dom.js";
import { t } from "./text.js";

const TOGGLES = ["compare", "mirror", "frozen"];
const TEXT = { frozen: "freeze" };

export class Tools {
  #buttons = new Map();

  /** Make the buttons; `acts` are what those do that are no plain commands, `saving` whether this page may save. */
  constructor(link, acts, { saving = true, fullscreen = true } = {}) {
    const saves = saving ? ["snapshot", "record", "replay"] : [];
    for (const name of saves) this.#add(name, name, acts[name]);
    for (const name of TOGGLES) {
      this.#add(name, TEXT[name] ?? name, () => link.command(name));
      this.#buttons.get(name).setAttribute("aria-pressed", "false");
    }
    if (fullscreen) this.#add("fullscreen", "fullscreen", acts.fullscreen);
    this.element = make("div", { class: "tools", role: "group", "aria-label": t("tools") }, ...this.#buttons.values());
    link.on("state", (state) => this.#follow(state));
  }

  #add(name, text, click) {
    this.#buttons.set(name, button(t(text), text, { class: "tool", data: { control: name }, on: { click } }));
  }

  #follow(state) {
    for (const name of TOGGLES) this.#buttons.get(name).setAttribute("aria-pressed", String(state[name]));
    const record = this.#buttons.get("record");
    if (!record) return;
    const records = typeof state.recording === "number";
    record.classList.toggle("recording", records);
    record.hidden = state.stream !== 0;
    record.lastElementChild.textContent = records ? minutes(state.recording) : t("record");
    if (records) record.setAttribute("aria-label", t("record_end"));
    else record.removeAttribute("aria-label");
  }
}
