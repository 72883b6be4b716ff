// Screens and visitors: addresses with QR codes for them, what visitors may do, and who is here.
import { button, dialog, make, svgImage } from "./dom.js";
import { cameraTrouble, Lender } from "./camera.js";
import { say } from "./say.js";
import { t } from "./text.js";

export class People {
  #link;

  /** Make the section for screens and visitors of a link. */
  constructor(link) {
    this.#link = link;
    const invite = (role, name) =>
      button(t(`invite_${role}`), name, { on: { click: () => link.send({ type: "invite", role }) } });
    this.lends = this.#switch("guests_cameras", (on) => link.send({ type: "guests", cameras: on }));
    this.brings = this.#switch("guests_styles", (on) => link.send({ type: "guests", styles: on }));
    this.list = make("ul", { class: "people" });
    this.element = make(
      "div",
      {},
      make("div", { class: "invites" }, invite("view", "photo"), invite("deck", "phone"), invite("guest", "people")),
      this.lends.element,
      this.brings.element,
      this.list,
    );
    link
      .on("invite", (message) => invitation(message))
      .on("clients", ({ clients }) => this.#fill(clients))
      .on("state", ({ guests, wall }) => {
        if (guests) {
          this.lends.box.checked = guests.cameras;
          this.brings.box.checked = guests.styles;
        }
        for (const wallButton of this.list.querySelectorAll("[data-wall]"))
          wallButton.setAttribute("aria-pressed", String(Number(wallButton.dataset.wall) === wall));
      });
  }

  #switch(text, change) {
    const box = make("input", { type: "checkbox", on: { change: () => change(box.checked) } });
    return { box, element: make("label", { class: "switch" }, box, t(text)) };
  }

  #fill(clients) {
    const wall = this.#link.last.state?.wall;
    this.list.replaceChildren(...clients.map((client) => this.#client(client, wall)));
  }

  #client({ id, role, label, stream }, wall) {
    const name = label || t(`role_${role}`);
    const shows = stream !== null && stream !== undefined;
    return make(
      "li",
      {},
      make("span", { class: "grow", dir: "auto" }, name),
      shows
        ? button(t("on_wall"), null, {
            class: "small",
            "aria-pressed": String(stream === wall),
            data: { wall: stream },
            on: { click: () => this.#link.send({ type: "wall", stream: stream === this.#link.last.state?.wall ? 0 : stream }) },
          })
        : null,
      role === "guest"
        ? button(t("remove"), null, {
            class: "small",
            "aria-label": t("remove_whom", { name }),
            on: { click: () => this.#link.send({ type: "remove", client: id }) },
          })
        : null,
    );
  }
}

function invitation({ role, url, qr, plain, fingerprint }) {
  const copy = button(t("copy"), null, {
    on: { click: () => navigator.clipboard?.writeText(url).then(() => say(t("copied")), () => {}) },
  });
  const box = dialog(
    t(`invite_${role}`),
    svgImage(qr, t("qr_of", { url })),
    make("p", {}, t(`invite_${role}_how`)),
    make("p", { class: "address soft" }, url),
    plain ? make("p", { class: "soft" }, t("invite_plain"), " ", make("span", { class: "address" }, plain)) : null,
    fingerprint ? make("p", { class: "soft" }, t("fingerprint"), " ", make("span", { class: "address" }, fingerprint)) : null,
    make("div", { class: "row end" }, copy),
  );
  box.classList.add("code");
}

/** Choose the camera: one of the program's, or this device's own. */
export class Cameras {
  #link;
  #lender;

  /** Make the choice of the camera of a link's stream. */
  constructor(link) {
    this.#link = link;
    this.#lender = new Lender(link, (on, reason) => this.#changed(on, reason));
    this.select = make("select", {
      id: "source",
      on: { change: () => link.command("source", Number(this.select.value)) },
    });
    this.field = make("div", { class: "field", hidden: true }, make("label", { for: "source" }, t("source")), this.select);
    this.own = button(t("own_camera"), "phone", { "aria-pressed": "false", on: { click: () => this.#switch() } });
    this.turn = button(t("turn_camera"), "turn", { hidden: true, on: { click: () => this.#lender.turn() } });
    this.element = make("div", { class: "cameras" }, this.field, make("div", { class: "row" }, this.own, this.turn));
    link.on("state", ({ sources, source }) => this.#follow(sources ?? [], source));
  }

  async #switch() {
    if (this.#lender.on) {
      this.#lender.stop();
      return;
    }
    try {
      await this.#lender.start();
    } catch (error) {
      say(t(`error_${cameraTrouble(error)}`), { strong: true });
    }
  }

  async #changed(on, reason) {
    this.own.setAttribute("aria-pressed", String(on));
    const devices = on ? await navigator.mediaDevices.enumerateDevices() : [];
    this.turn.hidden = devices.filter((device) => device.kind === "videoinput").length < 2;
    if (reason && reason !== "ended") say(t(`camera_${reason}`), { strong: true });
  }

  #follow(sources, source) {
    this.field.hidden = sources.length < 2;
    const names = JSON.stringify(sources);
    if (this.select.dataset.names !== names) {
      this.select.dataset.names = names;
      this.select.replaceChildren(...sources.map((name, place) => make("option", { value: place }, name)));
    }
    this.select.value = source;
  }
}
