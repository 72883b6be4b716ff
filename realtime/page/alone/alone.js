// The page without a server: camera, gallery, own picture, strength, snapshot. Nothing leaves this device.
import { button, dialog, icon, make, section } from "./dom.js";
import { say } from "./say.js";
import { number, percent, t, translate } from "./text.js";

const SIZES = [
  [640, 480],
  [320, 240],
];
const SLOW = 160; // milliseconds of a frame, above which the smaller size is taken
const OWN_SECONDS = 2;

translate();
const { styles, first, margin } = await (await fetch("styles.json")).json();
const painter = new Worker("painter.js");
const video = make("video", { muted: true, playsInline: true });
const canvas = make("canvas", { id: "picture", role: "img", width: 640, height: 480, "aria-label": t("picture") });
const veil = make("p", { class: "veil" }, t("alone_loading"));
const stage = make("div", { class: "stage" }, canvas, veil);
const figures = make("p", { class: "figures soft", role: "group", "aria-label": t("figures") });
const start = button(t("lend_camera"), "snapshot", { class: "strong large", disabled: true, on: { click: open } });
const codes = new Map(styles.map(({ name, code }) => [name, Float32Array.from(code)]));
const state = { style: first, strength: 1, mirror: true, facing: "user", small: 0, own: null, ownAt: 0, slow: 0 };
let camera = null;
let waits = false;
let last = 0;
let coming = 0;
const waiting = new Map();

const strength = make("input", { id: "strength", type: "range", min: 0, max: 1, step: 0.01, value: 1 });
const amount = make("output", { for: "strength" }, percent(1));
strength.style.setProperty("--place", 1);
strength.addEventListener("input", () => {
  state.strength = Number(strength.value);
  amount.textContent = percent(state.strength);
  strength.setAttribute("aria-valuetext", amount.textContent);
  strength.style.setProperty("--place", state.strength);
  paint();
});

const tiles = make("div", { class: "choices", role: "radiogroup", "aria-label": t("styles"), on: { keydown: walk } });
const mirror = tool("mirror", "mirror", () => {
  state.mirror = !state.mirror;
  mirror.setAttribute("aria-pressed", String(state.mirror));
});
mirror.setAttribute("aria-pressed", "true");
const tools = make(
  "div",
  { class: "tools", role: "group", "aria-label": t("tools") },
  tool("snapshot", "snapshot", snapshot),
  mirror,
  tool("turn_camera", "turn", turn),
  tool("fullscreen", "fullscreen", () => (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen?.())),
);
const file = make("input", { type: "file", accept: "image/*", hidden: true, on: { change: () => bring(file.files) } });
document.querySelector("header").append(figures);
document.querySelector("main").append(
  make("section", { class: "show", "aria-label": t("picture") }, stage, make("div", { class: "row center" }, start), tools),
  make(
    "section",
    { id: "deck", class: "deck", "aria-labelledby": "deck-heading" },
    make("header", { class: "row" }, make("h2", { id: "deck-heading" }, t("styles"))),
    make("div", { class: "grid" }, button(t("add_picture"), "add", { class: "tile add", on: { click: () => file.click() } }), file, tiles),
  ),
  make(
    "div",
    { class: "panel" },
    section(
      "look",
      t("look"),
      "knob",
      make("div", { class: "slider" }, make("label", { for: "strength" }, t("strength")), amount, strength),
    ),
    make("p", { class: "soft" }, t("alone_about")),
  ),
);
for (const { name, picture } of styles) addTile(name, make("img", { src: picture, alt: "", width: 160, height: 120 }));
mark();

painter.onmessage = ({ data }) => ({ ready, encoded, painted, failed })[data.type](data);
painter.onerror = () => failed({ text: t("error_failed") });
const grainPicture = await createImageBitmap(await (await fetch("grain.png")).blob());
painter.postMessage({ type: "start", grainPicture });
for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault());
addEventListener("drop", (event) => bring(event.dataTransfer.files));
addEventListener("paste", (event) => bring(event.clipboardData?.files ?? []));
document.addEventListener("visibilitychange", () => paint());

function tool(text, name, click) {
  return button(t(text), name, { class: "tool", on: { click } });
}

function ready() {
  start.disabled = false;
  veil.textContent = t("alone_start");
}

function failed({ text }) {
  waits = false;
  veil.hidden = false;
  veil.textContent = t("alone_failed");
  say(text, { lang: "en", strong: true });
}

function addTile(name, picture) {
  const tile = make(
    "button",
    {
      type: "button",
      class: "tile",
      role: "radio",
      "aria-checked": "false",
      data: { name },
      on: { click: () => choose(name) },
    },
    picture,
    make("span", { class: "name", dir: "auto" }, name),
  );
  tiles.append(tile);
  return tile;
}

function choose(name) {
  state.style = name;
  mark();
  paint();
}

function mark() {
  for (const tile of tiles.children) {
    tile.setAttribute("aria-checked", String(tile.dataset.name === state.style));
    tile.tabIndex = tile.dataset.name === state.style ? 0 : -1;
  }
  canvas.setAttribute("aria-label", t("picture_in", { style: state.style }));
}

function walk(event) {
  const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
  const all = [...tiles.children];
  const tile = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
  if (!step || !tile) return;
  event.preventDefault();
  tile.focus();
  tile.click();
}

async function open() {
  close();
  try {
    const wanted = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: state.facing };
    camera = await navigator.mediaDevices.getUserMedia({ video: wanted });
  } catch (error) {
    const trouble = !navigator.mediaDevices ? "insecure" : error.name === "NotAllowedError" ? "refused" : "none";
    say(t(`error_camera_${trouble}`), { strong: true });
    return;
  }
  video.srcObject = camera;
  await video.play();
  start.hidden = true;
  watch(camera);
}

function close() {
  for (const track of camera?.getTracks() ?? []) track.stop();
  camera = null;
}

async function turn() {
  if (!camera) return;
  state.facing = state.facing === "user" ? "environment" : "user";
  if ((state.facing === "user") !== state.mirror) mirror.click();
  await open();
}

function watch(now) {
  if (camera !== now) return;
  paint();
  if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(() => watch(now));
  else requestAnimationFrame(() => watch(now));
}

/** Give the newest frame to the painter, if it has none. */
async function paint() {
  if (waits || !camera || !video.videoWidth || document.hidden) return;
  waits = true;
  const bitmap = await createImageBitmap(video);
  const [width, height] = SIZES[state.small];
  const size = bitmap.height > bitmap.width ? { width: height, height: width, margin } : { width, height, margin };
  const own = performance.now() - state.ownAt < OWN_SECONDS * 1000 ? state.own : null;
  const message = { type: "paint", bitmap, size, own, code: codes.get(state.style), strength: state.strength, mirror: state.mirror };
  painter.postMessage(message, [bitmap]);
}

function painted({ painted: picture, own, fresh, took, device }) {
  if (fresh) Object.assign(state, { own, ownAt: performance.now() });
  if (canvas.width !== picture.width || canvas.height !== picture.height) {
    canvas.width = picture.width;
    canvas.height = picture.height;
    stage.style.setProperty("--ratio", picture.width / picture.height);
  }
  canvas.getContext("2d").drawImage(picture, 0, 0);
  picture.close();
  canvas.dataset.seq = Number(canvas.dataset.seq ?? 0) + 1;
  veil.hidden = true;
  state.slow = took > SLOW ? state.slow + 1 : 0;
  if (state.slow > 10 && state.small < SIZES.length - 1) state.small += 1;
  const now = performance.now();
  coming = coming ? 0.9 * coming + 0.1 * (now - last) : now - last;
  last = now;
  const places = [t("rate", { n: number(1000 / coming) }), t("milliseconds", { n: number(took) })];
  figures.replaceChildren(...[...places, device === "webgpu" ? "GPU" : "CPU"].map((text) => make("span", {}, text)));
  waits = false;
  paint();
}

/** Make styles of picture files. */
async function bring(files) {
  for (const given of files) {
    try {
      const bitmap = await createImageBitmap(given, { resizeWidth: 256, resizeHeight: 256, resizeQuality: "high" });
      const shown = await createImageBitmap(given);
      const small = make("canvas", { width: 160, height: 120, "aria-hidden": "true" });
      const scale = Math.max(160 / shown.width, 120 / shown.height);
      const [wide, high] = [shown.width * scale, shown.height * scale];
      small.getContext("2d").drawImage(shown, (160 - wide) / 2, (120 - high) / 2, wide, high);
      shown.close();
      const before = given.name.replace(/\.[^.]*$/, "").slice(0, 40);
      let name = before;
      for (let more = 2; codes.has(name); more += 1) name = `${before} ${more}`;
      waiting.set(name, small);
      say(t("style_coming"));
      painter.postMessage({ type: "encode", bitmap, id: name }, [bitmap]);
    } catch {
      say(t("error_not-a-picture"), { strong: true });
    }
  }
  file.value = "";
}

function encoded({ id, code }) {
  codes.set(id, code);
  addTile(id, waiting.get(id)).scrollIntoView({ block: "nearest", inline: "nearest" });
  waiting.delete(id);
  choose(id);
  say(t("style_here", { name: id }));
}

function snapshot() {
  canvas.toBlob((blob) => {
    const address = URL.createObjectURL(blob);
    const name = `realtime-${state.style}.png`;
    const link = make("a", { class: "button strong", href: address, download: name }, icon("download"), t("save_here"));
    const box = dialog(t("snapshot"), make("img", { src: address, alt: t("take_alt") }), make("div", { class: "row end" }, link));
    box.classList.add("wide");
    box.addEventListener("close", () => URL.revokeObjectURL(address));
  }, "image/png");
}
