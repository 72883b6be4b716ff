// What a visitor takes home: one snapshot or clip.
import { icon, make, minutes } from "./dom.js";
import { t, translate } from "./text.js";

translate();
const address = location.pathname.replace(/\/$/, "");
const house = document.querySelector("main");
const answer = await fetch(`${address}/about`);
if (!answer.ok) gone();
else show(await answer.json());

function gone() {
  house.replaceChildren(make("p", {}, t("take_gone")));
}

function show({ kind, name, seconds_left }) {
  const shown =
    kind === "clip"
      ? make("video", { src: `${address}/file?show`, controls: true, autoplay: true, loop: true, muted: true, playsInline: true })
      : make("img", { src: `${address}/file?show`, alt: t("take_alt") });
  const left = make("p", { class: "soft" });
  const end = performance.now() + seconds_left * 1000;
  const count = () => {
    const seconds = Math.max(0, (end - performance.now()) / 1000);
    left.textContent = t("take_left", { time: minutes(seconds) });
    if (seconds) setTimeout(count, 1000);
    else gone();
  };
  house.replaceChildren(
    shown,
    make("a", { class: "button strong large", href: `${address}/file`, download: name }, icon("download"), t("save_here")),
    left,
  );
  count();
}
