// The picture: each JPEG is decoded, drawn, and only then acknowledged, so that one is on its way and none waits.

export class Screen {
  #canvas;
  #context;
  #link;
  #wanted = false;

  /** Draw the pictures of a link on a canvas while `want` is true and the page can be seen. */
  constructor(canvas, link) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false });
    this.#link = link;
    link.on("picture", (seq, bytes) => this.#draw(seq, bytes)).on("hello", () => this.#ask());
    document.addEventListener("visibilitychange", () => this.#ask());
  }

  /** Whether pictures are wanted. */
  set want(wanted) {
    this.#wanted = wanted;
    this.#ask();
  }

  #ask() {
    this.#link.send({ type: "want", pictures: this.#wanted && !document.hidden });
  }

  async #draw(seq, bytes) {
    try {
      const picture = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
      if (this.#canvas.width !== picture.width || this.#canvas.height !== picture.height) {
        this.#canvas.width = picture.width;
        this.#canvas.height = picture.height;
        this.#canvas.dispatchEvent(new Event("resized"));
      }
      this.#context.drawImage(picture, 0, 0);
      picture.close();
      this.#canvas.dataset.seq = seq;
    } finally {
      this.#link.send({ type: "ack", seq });
    }
  }
}
