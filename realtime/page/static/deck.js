// The deck: every style as a thumbnail of the present frame painted in it.
import { button, make } from "./dom.js";
import { keysOn } from "./keys.js";
import { say } from "./say.js";
import { percent, t } from "./text.js";

const MOST_THUMBNAILS = 64;
const SETTLE = 120;

export class Deck {
  #link;
  #cards = new Map();
  #seen = new Set();
  #timer = 0;
  #chosen = -1;
  #also = [];
  #observer = new IntersectionObserver((entries) => this.#watch(entries), { rootMargin: "120px" });

  /** Make the deck; `adding` are the tiles before the styles, with which a picture becomes one. */
  constructor(link, ...adding) {
    this.#link = link;
    this.keep = button(t("keep_style"), "keep", { class: "small", hidden: true, on: { click: () => this.#keep() } });
    this.count = make("span", { class: "soft" });
    const heading = make("h2", { id: "deck-heading" }, t("styles"));
    this.cards = make("div", {
      class: "choices",
      role: "radiogroup",
      "aria-labelledby": "deck-heading",
      on: { keydown: (event) => this.#key(event) },
    });
    this.element = make(
      "section",
      { id: "deck", class: "deck", "aria-labelledby": "deck-heading" },
      make("header", { class: "row" }, heading, this.count, this.keep),
      make("div", { class: "grid" }, ...adding, this.cards),
    );
    link
      .on("styles", ({ styles }) => this.#fill(styles))
      .on("state", ({ look }) => this.#mark(look.styles))
      .on("thumbnail", (id, bytes) => this.#paint(id, bytes))
      .on("hello", () => this.#want());
    document.addEventListener("visibilitychange", () => this.#want());
  }

  /** Styles whose thumbnails are shown elsewhere on the page. */
  set also(ids) {
    this.#also = ids;
    this.#later();
  }

  /** The canvas of a style's thumbnail, or undefined. */
  thumbnail(id) {
    return this.#cards.get(id)?.canvas;
  }

  /** The ids of the styles in their order. */
  get order() {
    return [...this.#cards.keys()];
  }

  #fill(styles) {
    for (const [id, card] of this.#cards)
      if (!styles.some((style) => style.id === id)) {
        this.#observer.unobserve(card.element);
        card.element.remove();
        this.#seen.delete(id);
        this.#cards.delete(id);
      }
    const cards = styles.map((style) => [style.id, this.#cards.get(style.id) ?? this.#card(style)]);
    this.#cards = new Map(cards);
    this.cards.append(...cards.filter(([, card]) => !card.element.isConnected).map(([, card]) => card.element));
    const elements = cards.map(([, card]) => card.element);
    if (elements.some((element, place) => this.cards.children[place] !== element)) this.cards.append(...elements);
    this.count.textContent = cards.length;
    this.#mark(this.#link.last.state?.look.styles ?? []);
    this.#later();
  }

  #card(style) {
    const canvas = make("canvas", { width: 160, height: 120, "aria-hidden": "true" });
    const share = make("span", { class: "share" });
    const element = make(
      "button",
      {
        type: "button",
        class: style.brought ? "tile brought" : "tile",
        role: "radio",
        "aria-checked": "false",
        tabIndex: -1,
        data: { id: style.id, control: `style:${style.name}` },
        on: { click: () => this.#link.command("style", style.id) },
      },
      canvas,
      make("span", { class: "name", dir: "auto" }, style.label),
      share,
    );
    this.#observer.observe(element);
    return { element, canvas, share, style };
  }

  /** Mark the styles of the look: the last one is the chosen one, on which the arrow keys go on. */
  #mark(styles) {
    const shares = new Map(styles);
    const chosen = styles.length ? styles[styles.length - 1][0] : -1;
    const focused = this.cards.contains(document.activeElement);
    for (const [id, { element, share }] of this.#cards) {
      element.setAttribute("aria-checked", String(id === chosen));
      element.classList.toggle("blended", shares.has(id) && id !== chosen);
      element.tabIndex = id === chosen ? 0 : -1;
      share.textContent = styles.length > 1 && shares.has(id) ? percent(shares.get(id)) : "";
    }
    if (!this.#cards.has(chosen) && this.cards.firstElementChild) this.cards.firstElementChild.tabIndex = 0;
    const card = this.#cards.get(chosen);
    if (card && chosen !== this.#chosen) {
      if (focused) card.element.focus();
      this.#show(card.element);
    }
    this.#chosen = chosen;
    this.keep.hidden = !card?.style.brought || this.#link.last.hello?.role !== "control";
  }

  /** Scroll the deck, and nothing but the deck, to where a tile is seen. */
  #show(tile) {
    const strip = this.cards.parentElement;
    const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = tile;
    const { clientWidth, clientHeight, scrollTop } = strip;
    const seen = offsetTop >= scrollTop && offsetTop + offsetHeight <= scrollTop + clientHeight;
    strip.scrollTo({
      left: offsetLeft - (clientWidth - offsetWidth) / 2,
      top: seen ? scrollTop : offsetTop - (clientHeight - offsetHeight) / 2,
      behavior: "smooth",
    });
  }

  #keep() {
    this.#link.command("keep_style", this.#chosen);
    say(t("style_kept"));
  }

  /** Arrow keys choose as in every group of radio buttons; up and down change the strength, where single keys steer. */
  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const tiles = [...this.cards.children];
    const place = tiles.indexOf(document.activeElement);
    const top = tiles[0]?.offsetTop;
    const columns = Math.max(1, tiles.filter((tile) => tile.offsetTop === tiles[place]?.offsetTop).length);
    const steps = { ArrowLeft: -1, ArrowRight: 1, ...(keysOn() ? {} : { ArrowUp: -columns, ArrowDown: columns }) };
    let wanted = event.key === "Home" ? 0 : event.key === "End" ? tiles.length - 1 : NaN;
    if (event.key in steps) {
      wanted = place + steps[event.key];
      if (Math.abs(steps[event.key]) === 1) wanted = (wanted + tiles.length) % tiles.length;
    }
    if (Number.isNaN(wanted) || place < 0 || top === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const tile = tiles[wanted];
    if (!tile) return;
    tile.focus();
    tile.click();
  }

  #watch(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#seen.add(Number(target.dataset.id));
      else this.#seen.delete(Number(target.dataset.id));
    }
    this.#later();
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#want(), SETTLE);
  }

  #want() {
    const shown = this.order.filter((id) => this.#seen.has(id) || this.#also.includes(id));
    const ids = document.hidden ? [] : shown.slice(0, MOST_THUMBNAILS);
    this.#link.send({ type: "want", thumbnails: ids });
  }

  async #paint(id, bytes) {
    const card = this.#cards.get(id);
    if (!card) return;
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
    card.canvas.getContext("2d").drawImage(picture, 0, 0, card.canvas.width, card.canvas.height);
    card.canvas.dataset.painted = String(Number(card.canvas.dataset.painted ?? 0) + 1);
    picture.close();
  }
}
