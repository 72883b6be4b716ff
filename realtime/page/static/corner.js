// The QR code of the newest snapshot, in a corner of the page for a minute.
import { icon, make, svgImage } from "./dom.js";
import { t } from "./text.js";

const SECONDS = 60;
let timer = 0;

/** Show the code of something to take home; where there is a pointer it can be followed, or put away. */
export function takeCorner({ url, qr, kind }, steers = true) {
  clearTimeout(timer);
  document.querySelector(".corner")?.remove();
  const code = svgImage(qr, t("qr_of", { url }));
  const given = { type: "button", class: "plain only", "aria-label": t("close"), on: { click: () => corner.remove() } };
  const corner = make(
    "aside",
    { class: "corner", role: "status" },
    steers ? make("button", given, icon("close")) : null,
    steers ? make("a", { href: url, target: "_blank", rel: "noopener" }, code) : code,
    make("p", {}, t(kind === "clip" ? "take_clip" : "take_snapshot")),
  );
  document.body.append(corner);
  timer = setTimeout(() => corner.remove(), SECONDS * 1000);
}
