// The QR code of the newest snapshot, in a corner of the clean picture for a minute.
import { make, svgImage } from "./dom.js";
import { t } from "./text.js";

const SECONDS = 60;
let timer = 0;

/** Show the code of something to take home. */
export function takeCorner({ url, qr, kind }) {
  clearTimeout(timer);
  document.querySelector(".corner")?.remove();
  const corner = make(
    "aside",
    { class: "corner", role: "status" },
    svgImage(qr, t("qr_of", { url })),
    make("p", {}, t(kind === "clip" ? "take_clip" : "take_snapshot")),
  );
  document.body.append(corner);
  timer = setTimeout(() => corner.remove(), SECONDS * 1000);
}
