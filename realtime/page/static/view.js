// The clean picture alone: for a wall, a projector, an OBS browser source. Nothing but the picture is ever drawn;
// `?source=2` shows the second source, whatever others see; `?transparent` leaves the background open, `?cover` fills the
// screen, `?take` shows the QR codes of snapshots.
import { Link } from "./link.js";
import { Screen } from "./screen.js";

const words = new URLSearchParams(location.search);
for (const name of ["transparent", "cover"]) document.body.classList.toggle(name, words.has(name));
const { enter } = await import("./entry.js");
const { version } = await enter(["view", "control"]);

const link = new Link()
  .on("hello", (hello) => hello.version !== version && location.reload())
  .on("token", () => location.reload());
if (words.has("source")) {
  link
    .on("open", () => link.send({ type: "want", source: Number(words.get("source")) }))
    .on("error", async ({ error }) => {
      if (error !== "no-source") return;
      link.end();
      const [{ farewell }, { t }] = await Promise.all([import("./door.js"), import("./text.js")]);
      farewell(t("error_no-source"));
    });
}
if (words.has("take")) {
  const { takeCorner } = await import("./corner.js");
  link.on("take", (message) => takeCorner(message, false));
}
new Screen(document.querySelector("canvas"), link).want = true;
link.connect();

addEventListener("dblclick", fill);
addEventListener("keydown", (event) => event.key.toLowerCase() === "f" && !event.ctrlKey && !event.metaKey && fill());
addEventListener("visibilitychange", stayAwake);
stayAwake();

function fill() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
}

/** Keep the screen on while the picture is seen, where the browser lets a page do so. */
function stayAwake() {
  if (!document.hidden) navigator.wakeLock?.request("screen").catch(() => {});
}
