// The page at `/`, and the remote at `/deck`, which has everything but the picture: the picture first, then all the rest.
import { enter } from "./entry.js";
import { Link } from "./link.js";
import { Screen } from "./screen.js";

const PATIENCE = 500; // ms that all the rest waits for the first picture
const AGAIN = 1000; // ms between two looks whether the program is there

const canvas = document.querySelector("#picture");
const hello = await enter(canvas ? ["control", "view", "guest"] : ["control"]);
if (hello.role === "guest") location.replace("/guest");

const link = new Link({ repeats: true })
  .on("hello", ({ version }) => version !== hello.version && location.reload())
  .on("token", () => location.reload());
const screen = canvas && new Screen(canvas, link);
if (screen) screen.want = true;
const begun = new Promise((resolve) => {
  for (const event of ["picture", "video", "lost", "removed"]) link.on(event, resolve);
  link.on("hello", ({ own_camera }) => setTimeout(resolve, canvas && own_camera ? PATIENCE : 0));
});
link.connect();
await begun;
const { build } = await import("./house.js").catch(again);
build(link, screen, hello.role);
link.repeat();

/** Load the page anew as soon as the program answers: it ended while the page was loading. */
function again() {
  setTimeout(() => (link.isOpen ? location.reload() : again()), AGAIN);
  return new Promise(() => {});
}
