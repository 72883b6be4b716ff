// The keyboard: the letters of the program's window, and the card that lists them.
import { dialog, make } from "./dom.js";
import { t } from "./text.js";

const STEP = 0.1;
const OFF = "realtime.keys.off";
const REPEATED = ["arrowleft", "arrowright", "arrowup", "arrowdown", ".", ",", "n", "p"];
const command = (name, value) => ({ command: [name, value] });
const act = (name) => ({ act: name });
const nudge = (field, by) => command("nudge", { field, by });

/** Groups of lines: what is on the keys, the name of the text that says what they do, and what each key does. */
export const GROUPS = {
  styles: [
    ["Right, n", "key_next", { arrowright: command("step", 1), n: command("step", 1) }],
    ["Left, p", "key_previous", { arrowleft: command("step", -1), p: command("step", -1) }],
    ["1 - 9", "key_straight", Object.fromEntries([..."123456789"].map((digit) => [digit, { place: digit - 1 }]))],
    ["x", "key_second", { x: command("second") }],
    ["., ,", "key_blend", { ".": nudge("blend", STEP), ",": nudge("blend", -STEP) }],
    ["l", "key_slideshow", { l: command("slideshow") }],
  ],
  look: [
    ["Up, Down", "key_strength", { arrowup: nudge("strength", STEP), arrowdown: nudge("strength", -STEP) }],
    ["a", "own_colours", { a: command("next_stop", "own_colours") }],
    ["w", "key_brush", { w: command("next_stop", "brush") }],
    ["t", "steady", { t: command("next_stop", "steady") }],
    ["g", "key_morph", { g: command("morph") }],
    ["F1 - F4", "key_recall", Object.fromEntries([1, 2, 3, 4].map((n) => [`f${n}`, { look: n }]))],
    ["k F1 - F4", "key_keep", { k: act("await") }],
  ],
  saving: [
    ["s", "key_snapshot", { s: act("snapshot") }],
    ["r", "key_record", { r: act("record") }],
    ["b", "key_replay", { b: act("replay") }],
  ],
  picture: [
    ["c", "key_compare", { c: command("compare") }],
    ["o", "key_original", { o: command("original") }],
    ["m", "mirror", { m: command("mirror") }],
    ["Space", "freeze", { " ": command("frozen") }],
    ["v", "key_source", { v: act("source") }],
    ["z", "key_blackout", { z: command("blackout") }],
  ],
  page: [
    ["f", "fullscreen", { f: act("fullscreen") }],
    ["i", "key_info", { i: act("info") }],
    ["h, ?", "key_help", { h: act("help"), "?": act("help") }],
    ["Esc", "key_escape", { escape: act("escape") }],
  ],
};

const MAP = new Map(Object.values(GROUPS).flatMap((lines) => lines.flatMap(([, , keys]) => Object.entries(keys))));

/** The name of a pressed key; for a letter of another alphabet, the letter on the same key of an English keyboard. */
function keyName(event) {
  const key = event.key.toLowerCase();
  const place = /^Key([A-Z])$/.exec(event.code)?.[1].toLowerCase();
  return place && !/^[a-z]$/.test(key) ? place : key;
}

/** Say whether an element has a use of its own for a key. */
function takes(element, key) {
  if (element.matches("input[type=range]")) return /^(arrow|home|end|page)/.test(key);
  if (element.matches("input:not([type=checkbox]), textarea, select")) return true;
  if (element.matches("[role=radio][aria-checked=true]") && key === " ") return false;
  return element.matches("button, a, summary, input") && (key === " " || key === "enter");
}

/** Whether single keys steer; kept by this browser. */
export const keysOn = () => localStorage.getItem(OFF) === null;

export class Keys {
  #link;
  #deck;
  #acts;
  #help = null;
  #awaits = false;

  /** Listen to the keyboard; `acts` are what the keys do that are no plain commands. */
  constructor(link, deck, acts) {
    this.#link = link;
    this.#deck = deck;
    this.#acts = { ...acts, help: () => this.help(), await: () => this.#await() };
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  #switch(on) {
    if (on) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  }

  /** Show the card, or put it away. */
  help() {
    if (this.#help) {
      this.#help.close();
      return;
    }
    const groups = Object.entries(GROUPS).map(([name, lines]) =>
      make(
        "section",
        {},
        make("h3", {}, t(`group_${name}`)),
        make(
          "dl",
          {},
          ...lines.flatMap(([label, text]) => [
            make("dt", {}, ...label.split(/, | (?=F1)/).flatMap((key) => [keyCap(key), " "])),
            make("dd", {}, t(text)),
          ]),
        ),
      ),
    );
    const box = make("input", { type: "checkbox", checked: keysOn(), on: { change: () => this.#switch(box.checked) } });
    this.#help = dialog(
      t("help"),
      make("label", { class: "switch" }, box, t("keys_on")),
      make("div", { class: "keys" }, ...groups),
    );
    this.#help.classList.add("wide");
    this.#help.addEventListener("close", () => (this.#help = null));
  }

  #await() {
    this.#awaits = !this.#awaits;
    this.#acts.awaiting(this.#awaits);
  }

  #press(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !keysOn()) return;
    const key = keyName(event);
    const found = MAP.get(key);
    const target = event.target instanceof Element ? event.target : document.body;
    if (!found || takes(target, key)) return;
    if (document.querySelector("dialog[open]")) {
      if (found.act === "help" && this.#help) this.help();
      return;
    }
    if (event.repeat && !REPEATED.includes(key)) return;
    if (key !== "escape") event.preventDefault();
    if (found.command) this.#link.command(...found.command);
    else if (found.place !== undefined) this.#straight(found.place);
    else if (found.look) this.#look(found.look);
    else this.#acts[found.act]();
    if (found.act !== "await" && !found.look) this.#awaits = false;
  }

  #straight(place) {
    const id = this.#deck.order[place];
    if (id !== undefined) this.#link.command("style", id);
  }

  #look(number) {
    if (this.#awaits) this.#acts.keepLook(number);
    else this.#link.command("recall_look", number);
    this.#awaits = false;
  }
}

const NAMES = { Right: "→", Left: "←", Up: "↑", Down: "↓", Space: "key_space", Esc: "Esc" };

function keyCap(label) {
  const name = NAMES[label] ?? label;
  return make("kbd", {}, name.startsWith("key_") ? t(name) : name);
}
