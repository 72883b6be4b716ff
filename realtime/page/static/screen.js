// The picture: each JPEG, or piece of H.264, is decoded, drawn, and only then acknowledged, so that one is on its way and
// none waits.

export class Screen {
  #context;
  #link;
  #wanted = false;
  #video = null;

  /** Draw the pictures of a link on a canvas while `want` is true and the page can be seen. */
  constructor(canvas, link) {
    this.canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false });
    this.#link = link;
    link
      .on("picture", (seq, bytes) => this.#draw(seq, bytes))
      .on("video", (seq, bytes, flags) => this.#play(seq, bytes, flags))
      .on("open", () => this.#ask())
      .on("hello", () => this.#askForVideo())
      .on("lost", () => this.#endVideo());
    document.addEventListener("visibilitychange", () => this.#ask());
  }

  /** Whether pictures are wanted. */
  set want(wanted) {
    this.#wanted = wanted;
    this.#ask();
  }

  #ask() {
    this.#link.send({ type: "want", pictures: this.#wantsNow });
    this.#askForVideo();
  }

  get #wantsNow() {
    return this.#wanted && !document.hidden;
  }

  /** Ask for H.264 where the program offers it and this browser decodes it. */
  async #askForVideo() {
    if (!this.#wantsNow || !this.#link.last.hello?.h264 || this.#video) return;
    const { Video } = await import("./video.js");
    if (!(await Video.works()) || this.#video || !this.#link.isOpen) return;
    this.#video = new Video((frame, seq) => this.#show(frame, frame.displayWidth, frame.displayHeight, seq), () => {
      this.#endVideo();
      this.#link.send({ type: "want", h264: false });
    });
    this.#link.send({ type: "want", h264: true });
  }

  #endVideo() {
    this.#video?.close();
    this.#video = null;
  }

  async #draw(seq, bytes) {
    try {
      const picture = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
      this.#show(picture, picture.width, picture.height, seq);
      picture.close();
    } finally {
      this.#link.send({ type: "ack", seq });
    }
  }

  async #play(seq, bytes, flags) {
    try {
      await this.#video?.play(seq, bytes, flags);
    } finally {
      this.#link.send({ type: "ack", seq });
    }
  }

  #show(picture, width, height, seq) {
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.canvas.dispatchEvent(new Event("resized"));
    }
    this.#context.drawImage(picture, 0, 0);
    this.canvas.dataset.seq = seq;
  }
}
