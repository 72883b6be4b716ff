// The stage: the picture, what stands over it where there is none, and the line of figures.
import { make } from "./dom.js";
import { number, t } from "./text.js";

export class Stage {
  #filled = false;

  /** Build the stage around the pictures of a link; `screen` draws them already, on a canvas in the element of the stage. */
  constructor(link, screen) {
    this.screen = screen;
    this.canvas = screen.canvas;
    this.canvas.setAttribute("aria-label", t("picture"));
    this.veil = make("p", { class: "veil", hidden: "seq" in this.canvas.dataset }, t("waiting"));
    this.element = this.canvas.parentElement;
    this.element.append(this.veil);
    this.canvas.addEventListener("dblclick", () => this.fullscreen());
    this.canvas.addEventListener("resized", () => this.#fit());
    this.#fit();
    link
      .on("picture", () => this.#cover(""))
      .on("video", () => this.#cover(""))
      .on("lost", () => this.#cover("reconnecting"))
      .on("hello", ({ own_camera }) => this.#cover(own_camera ? "waiting" : "no_camera"))
      .on("state", ({ look, original }) => {
        const style = original ? t("original") : look.name;
        this.canvas.setAttribute("aria-label", t("picture_in", { style }));
      });
  }

  /** Show the picture on the whole screen, or no longer; where a browser cannot, it fills the page. */
  async fullscreen() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else if (this.#filled) this.fill(false);
    else if (this.element.requestFullscreen) await this.element.requestFullscreen().catch(() => this.fill(true));
    else this.fill(true);
  }

  /** Let the picture fill the page, or no longer. */
  fill(filled) {
    this.#filled = filled;
    document.body.classList.toggle("filled", filled);
  }

  #fit() {
    this.element.style.setProperty("--ratio", this.canvas.width / this.canvas.height);
  }

  #cover(text) {
    this.veil.textContent = text && t(text);
    this.veil.hidden = !text;
  }
}

/** Make the line of rate, latency and engine. */
export function figuresLine(link) {
  const line = make("p", { class: "figures soft", "aria-label": t("figures"), role: "group" });
  const show = (name, text) => make("span", { class: name }, text);
  link.on("figures", ({ rate, latency, clients }) => {
    const engine = link.last.hello?.engine ?? "";
    const watching = Object.values(clients ?? {}).reduce((sum, count) => sum + count, 0);
    line.replaceChildren(
      show("rate", t("rate", { n: number(rate) })),
      ...(latency === null ? [] : [show("latency", t("milliseconds", { n: number(latency) }))]),
      show("engine", engine),
      ...(watching > 1 ? [show("clients", t("here", { n: watching }))] : []),
    );
  });
  link.on("lost", () => line.replaceChildren(show("rate", t("reconnecting"))));
  return line;
}
