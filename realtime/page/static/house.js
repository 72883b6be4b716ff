// The house around the picture: its stage, and all that steers.
import { openToFiles, tiles } from "./bring.js";
import { takeCorner } from "./corner.js";
import { Deck } from "./deck.js";
import { button, make, section } from "./dom.js";
import { farewell } from "./door.js";
import { Keys } from "./keys.js";
import { Midi } from "./midi.js";
import { Cameras, People } from "./people.js";
import { Rhythm } from "./rhythm.js";
import { Looks, Saved } from "./saved.js";
import { say, sayError } from "./say.js";
import { Sliders } from "./sliders.js";
import { figuresLine, Stage } from "./stage.js";
import { t, translate } from "./text.js";
import { Tools } from "./tools.js";

/**
 * Build the house.
 * @param {Link} link hears and says everything
 * @param {Screen | null} screen the picture that is there already; null on the remote
 * @param {string} role of this browser
 */
export function build(link, screen, role) {
  translate();
  link
    .on("removed", () => farewell(t("removed")))
    .on("error", ({ error, message }) => sayError(error, message))
    .on("notice", ({ text }) => say(text, { lang: "en" }));
  const stage = screen && new Stage(link, screen);
  const bar = make("div", { class: "row" });
  document.querySelector("header.bar").append(figuresLine(link), bar);
  const house = document.querySelector("main");
  stage?.element.parentElement.setAttribute("aria-label", t("picture"));
  if (role === "control") steer(link, stage, house, bar);
  else house.classList.add("alone");
}

/** Build all that steers beside a stage, or without one, as on the remote. */
function steer(link, stage, house, bar) {
  const deck = new Deck(link, ...tiles());
  const looks = new Looks(link, deck);
  const sliders = new Sliders(link);
  const acts = {
    snapshot: () => link.command("snapshot"),
    record: () => link.command("record"),
    replay: () => link.command("replay"),
    fullscreen: () => stage?.fullscreen(),
    escape: () => stage?.fill(false),
    source: () => {
      const { sources, source } = link.last.state ?? {};
      if (sources?.length > 1) link.command("source", (source + 1) % sources.length);
    },
    info: () => document.body.classList.toggle("no-figures"),
    awaiting: (awaiting) => looks.awaiting(awaiting),
    keepLook: (number) => looks.keep(number),
  };
  const tools = new Tools(link, acts, { fullscreen: stage !== null });
  const keys = new Keys(link, deck, acts);
  bar.append(button(t("help"), "help", { class: "quiet", on: { click: () => keys.help() } }));
  (stage ? house.querySelector(".show") : house).append(tools.element);
  house.append(
    deck.element,
    make(
      "div",
      { class: "panel" },
      section("look", t("look"), "knob", sliders.element),
      section("looks", t("looks"), "keep", looks.element),
      section("rhythm", t("rhythm"), "beat", new Rhythm(link).element),
      section("saved", t("saved"), "download", new Saved(link).element),
      section("cameras", t("cameras"), "snapshot", new Cameras(link).element),
      section("people", t("people"), "qr", new People(link).element),
      section("midi", t("midi"), "knob", new Midi(sliders).element),
    ),
  );
  link.on("take", (message) => takeCorner(message));
  openToFiles();
}
