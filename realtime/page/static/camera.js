// This device's camera, lent to the program: one frame on its way at a time, the newest.
import { make } from "./dom.js";

const SIZE = [640, 480];
const QUALITY = 0.8;

export class Lender {
  #link;
  #changed;
  #video = make("video", { muted: true, playsInline: true });
  #canvas = make("canvas");
  #camera = null;
  #facing = "user";
  #size = SIZE;
  #quality = QUALITY;
  #seq = 0;
  #waits = false;
  #fresh = false;
  #busy = false;

  /** Lend the camera to the program behind a link; `changed(on, reason)` hears when that begins and ends. */
  constructor(link, changed) {
    this.#link = link;
    this.#changed = changed;
    link
      .on("camera", (message) => this.#hear(message))
      .on("taken", () => {
        this.#waits = false;
        this.#send();
      })
      .on("hello", () => this.on && link.send({ type: "camera", on: true }))
      .on("lost", () => (this.#waits = true));
  }

  /** Whether the camera is open. */
  get on() {
    return this.#camera !== null;
  }

  /** Open the camera; an error of the browser's where it cannot be. */
  async start() {
    this.#size = this.#link.last.hello?.camera_size ?? SIZE;
    await this.#open();
    this.#link.send({ type: "camera", on: true });
  }

  /** Take the camera on the other side of the device. */
  async turn() {
    this.#facing = this.#facing === "user" ? "environment" : "user";
    await this.#open();
  }

  /** Give the camera back. */
  stop() {
    this.#close();
    this.#link.send({ type: "camera", on: false });
    this.#changed(false, "ended");
  }

  async #open() {
    this.#close();
    const [width, height] = this.#size;
    const wanted = { width: { ideal: width }, height: { ideal: height }, facingMode: this.#facing, frameRate: { ideal: 30 } };
    this.#camera = await navigator.mediaDevices.getUserMedia({ video: wanted });
    this.#camera.getVideoTracks()[0].onended = () => this.stop();
    this.#video.srcObject = this.#camera;
    await this.#video.play();
    this.#watch(this.#camera);
  }

  #close() {
    for (const track of this.#camera?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
    this.#camera = this.#video.srcObject = null;
  }

  #watch(camera) {
    if (this.#camera !== camera) return;
    this.#fresh = true;
    this.#send();
    if (this.#video.requestVideoFrameCallback) this.#video.requestVideoFrameCallback(() => this.#watch(camera));
    else requestAnimationFrame(() => this.#watch(camera));
  }

  #hear({ on, size, quality, reason }) {
    if (!on) {
      if (!this.on) return;
      this.#close();
      this.#changed(false, reason);
      return;
    }
    this.#size = size;
    this.#quality = quality;
    this.#waits = false;
    this.#changed(true);
    this.#send();
  }

  #send() {
    if (this.#waits || !this.#fresh || this.#busy || !this.on || !this.#video.videoWidth) return;
    if (!this.#link.last.camera?.on || !this.#link.isOpen) return;
    this.#fresh = false;
    this.#busy = true;
    const { videoWidth, videoHeight } = this.#video;
    const scale = Math.min(1, this.#size[0] / videoWidth, this.#size[1] / videoHeight);
    this.#canvas.width = Math.round(videoWidth * scale);
    this.#canvas.height = Math.round(videoHeight * scale);
    this.#canvas.getContext("2d", { alpha: false }).drawImage(this.#video, 0, 0, this.#canvas.width, this.#canvas.height);
    this.#canvas.toBlob(
      (jpeg) => {
        this.#busy = false;
        if (!jpeg || !this.on) return;
        this.#waits = true;
        this.#seq += 1;
        this.#link.sendFrame(this.#seq, jpeg);
      },
      "image/jpeg",
      this.#quality,
    );
  }
}

/** The name of the text that says why a camera cannot be opened. */
export function cameraTrouble(error) {
  if (!navigator.mediaDevices) return "camera_insecure";
  return error.name === "NotAllowedError" ? "camera_refused" : "camera_none";
}
