// What is saved: snapshots, clips and kept looks, with thumbnails and downloads.
import { ask, button, dialog, icon, make } from "./dom.js";
import { bringLook, picker } from "./bring.js";
import { say } from "./say.js";
import { locale, number, t } from "./text.js";

const LOOKS = 4;
const MOST = 60;

/** Write the size of a file. */
const size = (bytes) => (bytes < 1e6 ? `${number(bytes / 1e3)} kB` : `${number(bytes / 1e6, 1)} MB`);

const time = (seconds) =>
  new Date(seconds * 1000).toLocaleString(locale, { dateStyle: "short", timeStyle: "short" });

const download = (address, name) =>
  make("a", { class: "plain", href: address, download: "", "aria-label": t("download", { name }) }, icon("download"));

export class Saved {
  #link;

  /** Make the list of files of a link. */
  constructor(link) {
    this.#link = link;
    this.list = make("ul", { class: "files" });
    this.none = make("p", { class: "soft" }, t("nothing_saved"));
    this.older = button(t("older"), null, {
      class: "small",
      on: {
        click: () => {
          link.send({ type: "older" });
          this.older.hidden = true;
        },
      },
    });
    this.element = make("div", {}, this.none, this.list, this.older);
    link
      .on("files", ({ files }) => this.#fill(files))
      .on("saved", ({ file }) => say(t(file.kind === "clip" ? "clip_saved" : "snapshot_saved")));
  }

  #fill(files) {
    const shown = files.slice(0, MOST);
    this.none.hidden = shown.length > 0;
    const known = new Map([...this.list.children].map((item) => [Number(item.dataset.id), item]));
    this.list.replaceChildren(...shown.map((file) => known.get(file.id) ?? this.#file(file)));
  }

  #file(file) {
    const kind = t(file.kind);
    const name = `${kind} ${time(file.time)}`;
    return make(
      "li",
      { data: { id: file.id } },
      make(
        "button",
        { type: "button", class: "plain thumb", "aria-label": t("open", { name }), on: { click: () => this.#open(file, name) } },
        make("img", { src: `/files/${file.id}/thumbnail`, alt: "", width: 160, height: 120, loading: "lazy" }),
        file.kind === "clip" ? icon("play") : null,
      ),
      make("span", { class: "about" }, make("span", {}, kind), make("span", { class: "soft" }, `${time(file.time)} · ${size(file.bytes)}`)),
      download(`/files/${file.id}`, name),
    );
  }

  #open(file, name) {
    const source = `/files/${file.id}?show`;
    const shown =
      file.kind === "clip"
        ? make("video", { src: source, controls: true, autoplay: true, loop: true, playsInline: true })
        : make("img", { src: source, alt: name });
    const link = make("a", { class: "button strong", href: `/files/${file.id}`, download: "" }, icon("download"), t("save_here"));
    const box = dialog(name, shown, make("div", { class: "row end" }, make("span", { class: "soft grow" }, file.name), link));
    box.classList.add("wide");
  }
}

export class Looks {
  #link;
  #deck;

  /** Make the list of kept looks; the thumbnail of a look is that of its style in the deck. */
  constructor(link, deck) {
    this.#link = link;
    this.#deck = deck;
    this.list = make("ul", { class: "looks" });
    this.element = make(
      "div",
      {},
      this.list,
      picker(t("load_look"), null, { class: "small" }, ([file]) => file && bringLook(file), { accept: ".toml,image/png" }),
    );
    link.on("looks", ({ looks }) => this.#fill(looks)).on("thumbnail", (id) => this.#copy(id));
  }

  /** Keep the look in use under a number; a kept one is replaced only when the person says so. */
  async keep(number) {
    const before = this.#looks.find((look) => look.name === String(number));
    if (before && !(await ask(t("replace_look", { number, name: before.text }), t("replace")))) return;
    this.#link.command("keep_look", number);
    if (before) this.#link.command("keep_look", number);
    say(t("look_kept", { number }));
  }

  /** Say that the next number keeps the look, or does no longer. */
  awaiting(awaiting) {
    if (awaiting) say(t("keep_which"));
  }

  get #looks() {
    return this.#link.last.looks?.looks ?? [];
  }

  /** A row for each number, then one for each look that has a name. */
  #fill(looks) {
    const numbers = Array.from({ length: LOOKS }, (_, n) => String(n + 1));
    const named = looks.filter((look) => !numbers.includes(look.name));
    this.list.replaceChildren(
      ...numbers.map((name) => this.#row(looks.find((look) => look.name === name), Number(name))),
      ...named.map((look) => this.#row(look)),
    );
    this.#deck.also = looks.map((look) => look.styles.at(-1));
    for (const look of looks) this.#copy(look.styles.at(-1));
  }

  #row(look, number) {
    const label = number ? make("kbd", {}, `F${number}`) : null;
    const name = number && t("keep_as", { number });
    const given = { type: "button", class: "plain only", "aria-label": name, title: name, on: { click: () => this.keep(number) } };
    const keep = number ? make("button", given, icon("keep")) : null;
    if (!look) return make("li", {}, label, make("span", { class: "soft grow" }, t("no_look")), keep);
    const canvas = make("canvas", { width: 160, height: 120, "aria-hidden": "true", data: { style: look.styles.at(-1) } });
    const use = make(
      "button",
      {
        type: "button",
        class: "plain use",
        data: { control: `look:${look.name}` },
        on: { click: () => this.#link.command("use_look", look.id) },
      },
      canvas,
      make(
        "span",
        { class: "about" },
        number ? null : make("span", { dir: "auto" }, look.name),
        make("span", { class: number ? "" : "soft", lang: "en" }, look.text),
      ),
    );
    return make("li", {}, label, use, keep, download(`/looks/${look.id}`, number ? `F${number}` : look.name));
  }

  #copy(style) {
    const from = this.#deck.thumbnail(style);
    if (!from?.dataset.painted) return;
    for (const canvas of this.list.querySelectorAll(`canvas[data-style="${style}"]`))
      canvas.getContext("2d").drawImage(from, 0, 0, canvas.width, canvas.height);
  }
}
