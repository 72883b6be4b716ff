// A visitor's page: lend the camera and see oneself painted, or bring a style to the wall.
import { openToFiles, photographing, picker, bring } from "./bring.js";
import { cameraTrouble, Lender } from "./camera.js";
import { Deck } from "./deck.js";
import { button, dialog, icon, make, section } from "./dom.js";
import { farewell } from "./door.js";
import { enter } from "./entry.js";
import { Link } from "./link.js";
import { say, sayError } from "./say.js";
import { Screen } from "./screen.js";
import { Sliders } from "./sliders.js";
import { Stage } from "./stage.js";
import { t, translate } from "./text.js";
import { Tools } from "./tools.js";

translate();
const { version } = await enter(["guest", "control"]);
const house = document.querySelector("main");
const link = new Link()
  .on("hello", (hello) => {
    if (hello.version !== version) location.reload();
    house.classList.toggle("takes-home", hello.take_home);
    named();
  })
  .on("token", () => location.reload())
  .on("removed", () => farewell(t("removed"), t("come_back")))
  .on("error", ({ error, message }) => sayError(error, message))
  .on("notice", ({ text }) => say(text, { lang: "en" }))
  .on("take", takeHome);

const lender = new Lender(link, changed);
const canvas = make("canvas", { id: "picture", role: "img", width: 640, height: 480 });
const framed = make("div", { class: "stage" }, canvas);
const stage = new Stage(link, new Screen(canvas, link));
const deck = new Deck(link);
const sliders = new Sliders(link);
const acts = { snapshot: () => link.command("snapshot"), fullscreen: () => stage.fullscreen() };
const lend = button(t("lend_camera"), "snapshot", { class: "strong large", on: { click: start } });
const stop = button(t("camera_stop"), "close", { on: { click: () => lender.stop() } });
const turn = button(t("turn_camera"), "turn", { on: { click: () => lender.turn() } });
const take = button(t("snapshot"), "snapshot", { class: "take", on: { click: acts.snapshot } });
const name = make("input", {
  id: "name",
  maxLength: 40,
  autocomplete: "nickname",
  on: { change: () => named() },
});
const choose = picker(t("add_picture"), "photo", { class: "large" }, bring, { accept: "image/*" });
const photo = photographing({ class: "large" });
const closed = make("p", { class: "soft" }, t("styles_closed"));

house.append(
  make("p", { class: "welcome" }, t("guest_welcome")),
  make("div", { class: "choices-of-guest" }, lend, photo, choose, closed),
  make("div", { class: "field name" }, make("label", { for: "name" }, t("guest_name")), name),
  make(
    "div",
    { class: "own", hidden: true },
    make("section", { class: "show", "aria-label": t("picture") }, framed),
    make("div", { class: "row center" }, take, turn, stop),
    new Tools(link, acts, { saving: false }).element,
    deck.element,
    section("look", t("look"), "knob", sliders.element),
  ),
);
showChoices();
link.on("guests", showChoices).on("state", ({ guests }) => showChoices(guests));
link.connect();
openToFiles();

/** Offer a snapshot to the device that it was taken on. */
function takeHome({ url }) {
  const link = make("a", { class: "button strong large", href: url, target: "_blank", rel: "noopener" }, icon("download"), t("save_here"));
  dialog(t("take_heading"), make("div", { class: "row center" }, link));
}

/** Tell the owner the visitor's name. */
function named() {
  if (name.value) link.send({ type: "label", text: name.value });
}

/** A style can be brought to the own picture always, to the wall where the owner opened it. */
function showChoices(guests) {
  const open = lender.on || guests?.styles === true;
  for (const element of [photo, choose]) element.hidden = !open;
  closed.hidden = open;
  lend.hidden = lender.on || guests?.cameras === false;
}

async function start() {
  lend.disabled = true;
  try {
    await lender.start();
  } catch (error) {
    say(t(`error_${cameraTrouble(error)}`), { strong: true });
  }
  lend.disabled = false;
}

function changed(on, reason) {
  house.classList.toggle("lends", on);
  house.querySelector(".own").hidden = !on;
  stage.screen.want = on;
  showChoices(link.last.guests);
  if (reason && reason !== "ended") say(t(`camera_${reason}`), { strong: true });
}
