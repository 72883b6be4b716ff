// The one screen before the browser's warning: why there is one, and how to go on.
import { icon, make } from "./dom.js";
import { t, translate } from "./text.js";

translate();
const token = location.hash;
history.replaceState(null, "", location.pathname);
const { https, fingerprint } = await (await fetch("/hello")).json();
document.querySelector("main").append(
  make("p", {}, t("warning_why")),
  make("ol", {}, ...["warning_1", "warning_2", "warning_3"].map((step) => make("li", {}, t(step)))),
  https
    ? make("a", { class: "button strong large", href: `${https}/${token}` }, icon("next"), t("warning_go"))
    : make("p", {}, t("warning_none")),
  make("p", { class: "soft" }, https ?? ""),
  fingerprint ? make("p", { class: "soft" }, t("fingerprint"), " ", make("span", { class: "address" }, fingerprint)) : "",
);
