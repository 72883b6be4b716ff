// The socket: messages in and out, and a connection that comes back by itself.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 5000;
const REMOVED = 4403;

export class Link {
  #hearers = new Map();
  #socket = null;
  #wait = FIRST_WAIT;
  #failed = 0;
  #timer = 0;
  #ended = false;
  #missed = null;

  /** The newest message of each type. */
  last = {};

  /** Make a link; one that `repeats` keeps the messages that come for those who hear only later. */
  constructor({ repeats = false } = {}) {
    if (repeats) this.#missed = [];
  }

  /** Tell the messages that were kept once more, and keep no more. */
  repeat() {
    const missed = this.#missed;
    this.#missed = null;
    for (const message of missed) this.#tell(message.type, message);
  }

  /** Hear the messages of a type, or `open`, `lost`, `removed`, `token`; `picture`, `thumbnail` and `video` come with bytes. */
  on(type, hear) {
    this.#hearers.set(type, [...(this.#hearers.get(type) ?? []), hear]);
    return this;
  }

  #tell(type, ...what) {
    for (const hear of this.#hearers.get(type) ?? []) hear(...what);
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Connect, now and after every loss. */
  connect() {
    clearTimeout(this.#timer);
    this.#ended = false;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.#failed = 0;
      this.#wait = FIRST_WAIT;
      if (this.#missed) this.#missed = [];
      this.#tell("open");
    };
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.#read(JSON.parse(data)) : this.#readBytes(data));
    socket.onclose = (event) => this.#closed(event.code, opened);
  }

  /** Close, and stay closed. */
  end() {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  /** Send a message; without a connection it is dropped, as a new one begins with the state anyway. */
  send(message) {
    if (this.isOpen) this.#socket.send(JSON.stringify(message));
  }

  /** Send a command to the stream that this page steers. */
  command(name, value = null) {
    this.send({ type: "command", name, value });
  }

  /** Send a JPEG of this device's camera. */
  sendFrame(seq, jpeg) {
    if (!this.isOpen) return;
    const head = new DataView(new ArrayBuffer(8));
    head.setUint8(0, 3);
    head.setUint32(4, seq, true);
    this.#socket.send(new Blob([head.buffer, jpeg]));
  }

  #read(message) {
    if (message.type === "ping") this.send({ type: "pong" });
    else {
      this.last[message.type] = message;
      this.#missed?.push(message);
      this.#tell(message.type, message);
    }
  }

  #readBytes(data) {
    const head = new DataView(data, 0, 8);
    const kind = { 1: "picture", 2: "thumbnail", 4: "video" }[head.getUint8(0)];
    if (kind) this.#tell(kind, head.getUint32(4, true), data.slice(8), head.getUint8(1));
  }

  async #closed(code, opened) {
    this.#socket = null;
    if (this.#ended) return;
    if (code === REMOVED) {
      this.#tell("removed");
      return;
    }
    this.#tell("lost");
    if (!opened) this.#failed += 1;
    if (this.#failed >= 2 && !(await this.#known())) {
      this.#tell("token");
      return;
    }
    this.#timer = setTimeout(() => this.connect(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
  }

  /** Say whether the program still knows this browser; true where it does not answer. */
  async #known() {
    try {
      const answer = await fetch("/hello");
      return !answer.ok || (await answer.json()).role !== null;
    } catch {
      return true;
    }
  }
}
