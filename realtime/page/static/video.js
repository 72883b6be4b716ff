// H.264, decoded by the browser (WebCodecs). A message has pieces that follow each other; the last one's picture is drawn.

const KEY = 1;
const BEGINS = 2;
const PATIENCE = 2000; // ms: a decoder that gives no picture in this time holds it back, and is of no use here
const LARGEST = "avc1.42c02a"; // baseline, level 4.2: up to 1920×1080

/** Settings of a decoder; the colours are sRGB, as OpenCV converts them, which the stream itself does not say. */
function settings(codec) {
  const colorSpace = { primaries: "bt709", transfer: "iec61966-2-1", matrix: "smpte170m", fullRange: false };
  return { codec, colorSpace, optimizeForLatency: true };
}

export class Video {
  #draw;
  #fail;
  #decoder;
  #time = 0;
  #seq = 0;
  #done = null;
  #timer = 0;

  /** Say whether this browser decodes H.264 here: only secure pages may. */
  static async works() {
    if (!("VideoDecoder" in window)) return false;
    try {
      return (await VideoDecoder.isConfigSupported(settings(LARGEST))).supported === true;
    } catch {
      return false;
    }
  }

  /** Decode; `draw` is given the frames and their numbers, `fail` hears once that there will be none. */
  constructor(draw, fail) {
    this.#draw = draw;
    this.#fail = fail;
    this.#decoder = new VideoDecoder({ output: (frame) => this.#take(frame), error: () => this.#failed() });
  }

  /** Decode a message; resolves when its picture is drawn, or there will be none. */
  play(seq, bytes, flags) {
    return new Promise((resolve) => {
      this.#done = resolve;
      this.#seq = seq;
      this.#timer = setTimeout(() => this.#failed(), PATIENCE);
      try {
        this.#decode(new Uint8Array(bytes), flags);
      } catch {
        this.#failed();
      }
    });
  }

  /** Decode no more. */
  close() {
    this.#fail = null;
    if (this.#decoder.state !== "closed") this.#decoder.close();
    this.#finish();
  }

  #decode(bytes, flags) {
    const view = new DataView(bytes.buffer);
    let type = flags & KEY ? "key" : "delta";
    for (let place = 0; place < bytes.length; ) {
      const end = place + 4 + view.getUint32(place, true);
      const data = bytes.subarray(place + 4, end);
      if (type === "key" && flags & BEGINS) this.#decoder.configure(settings(codecOf(data)));
      this.#time += 1;
      this.#decoder.decode(new EncodedVideoChunk({ type, timestamp: this.#time, data }));
      type = "delta";
      place = end;
    }
  }

  #take(frame) {
    const newest = frame.timestamp === this.#time;
    if (newest) this.#draw(frame, this.#seq);
    frame.close();
    if (newest) this.#finish();
  }

  #finish() {
    clearTimeout(this.#timer);
    this.#done?.();
    this.#done = null;
  }

  #failed() {
    this.#fail?.();
    this.#finish();
  }
}

/** Name the codec after the parameter set that a key frame begins with: four bytes of a start code, one of its kind, and three. */
function codecOf(data) {
  return `avc1.${[...data.subarray(5, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
