// A picture becomes a style: dropped, pasted, chosen or photographed.
import { button, dialog, icon, make } from "./dom.js";
import { say, sayError } from "./say.js";
import { t } from "./text.js";

const PICTURES = ["image/jpeg", "image/png", "image/webp"];
const LARGE = 4_000_000;
const SIDE = 1600;

/** Give a picture as the program takes it: a large or an unusual one is made a JPEG of `SIDE` pixels here. */
async function prepared(file) {
  if (PICTURES.includes(file.type) && file.size <= LARGE) return file;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const canvas = make("canvas", {
      width: Math.max(1, Math.round(picture.width * scale)),
      height: Math.max(1, Math.round(picture.height * scale)),
    });
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    return (await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92))) ?? file;
  } catch {
    return file;
  }
}

async function post(as, file, name = "") {
  const answer = await fetch(`/upload?${new URLSearchParams({ as, name })}`, { method: "POST", body: file });
  const read = await answer.json();
  if (read.error) sayError(read.error, read.message);
  return read.error ? null : read;
}

/** Make a style of a picture file, and say so. */
export async function bringStyle(file) {
  say(t("style_coming"));
  try {
    const brought = await post("style", await prepared(file), file.name?.replace(/\.[^.]*$/, ""));
    if (brought) say(t("style_here", { name: brought.style.label }));
  } catch {
    sayError("unreachable");
  }
}

/** Take up the look of a file: one that was downloaded, or a snapshot. */
export async function bringLook(file) {
  try {
    const read = await post("look", file);
    if (read) say(read.ignored?.length ? t("look_ignored", { names: read.ignored.join(", ") }) : t("look_here"));
  } catch {
    sayError("unreachable");
  }
}

/** Bring what was dropped, pasted or chosen: a look of a .toml file, styles of pictures. */
export async function bring(files) {
  const found = [...files];
  for (const file of found) await (file.name?.endsWith(".toml") ? bringLook(file) : bringStyle(file));
  if (!found.length) say(t("no_file"));
}

/** Make a button that opens the system's picker of files. */
export function picker(label, name, given, take, choice = {}) {
  const input = make("input", {
    type: "file",
    hidden: true,
    ...choice,
    on: {
      change: () => {
        take(input.files);
        input.value = "";
      },
    },
  });
  return make("span", { class: "picker" }, button(label, name, { ...given, on: { click: () => input.click() } }), input);
}

/** Make the two tiles of the deck: choose a picture, take one. */
export function tiles() {
  const choose = picker(t("add_picture"), "add", { class: "tile add" }, bring, { accept: "image/*", multiple: true });
  return [choose, photographing({ class: "tile add" })];
}

/** Make a button that takes a photograph: with the camera program of a phone, elsewhere with the browser's camera. */
export function photographing(given) {
  if (matchMedia("(pointer: coarse)").matches || !navigator.mediaDevices)
    return picker(t("take_photo"), "snapshot", given, bring, { accept: "image/*", capture: "environment" });
  return make("span", { class: "picker" }, button(t("take_photo"), "snapshot", { ...given, on: { click: photograph } }));
}

async function photograph() {
  let camera;
  try {
    camera = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
  } catch {
    sayError("camera_refused");
    return;
  }
  const video = make("video", { muted: true, playsInline: true, autoplay: true, srcObject: camera });
  const shutter = button(t("take_photo"), "snapshot", { class: "strong", disabled: true });
  const box = dialog(t("photo_heading"), video, make("div", { class: "row end" }, shutter));
  video.addEventListener("playing", () => (shutter.disabled = false));
  box.addEventListener("close", () => camera.getTracks().forEach((track) => track.stop()));
  shutter.addEventListener("click", () => {
    const canvas = make("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => bringStyle(new File([blob], t("photo"), { type: blob.type })), "image/jpeg", 0.92);
    box.close();
  });
}

/** Take what is dropped and pasted anywhere on the page. */
export function openToFiles() {
  const veil = make("div", { class: "drop", hidden: true }, icon("photo"), make("p", {}, t("drop")));
  document.body.append(veil);
  let inside = 0;
  const show = (by) => {
    inside = Math.max(0, by ? inside + by : 0);
    veil.hidden = inside === 0;
  };
  addEventListener("dragenter", (event) => event.dataTransfer?.types.includes("Files") && show(1));
  addEventListener("dragleave", (event) => event.dataTransfer?.types.includes("Files") && show(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    show(0);
    bring(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) {
      event.preventDefault();
      bring(event.clipboardData.files);
    }
  });
}
