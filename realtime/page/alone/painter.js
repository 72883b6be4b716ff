// The painter, a worker: `lite` in LiteRT.js, on the GPU where that paints the same as the CPU does, else on the CPU.
// Messages in: `encode` a picture, `paint` a frame with a code. Out: `ready`, `encoded`, `painted`, `failed`.

const STYLE = 256;
const FADE = 0.2; // below this strength the frame itself is mixed in
const AGREES = 0.02; // mean difference of the GPU's painting from the CPU's
const MIDDLE = 128; // the grey of the grain that changes nothing

let runtime;
let grain;
let styleNetwork;
const frameNetworks = new Map();

/** A network with its inputs by name, and one tensor for each that is used again and again. */
class Network {
  constructor(model, accelerator) {
    this.model = model;
    this.accelerator = accelerator;
    this.shapes = new Map(model.getInputDetails().map(({ name, shape }) => [name, [...shape]]));
  }

  static async open(file, accelerator) {
    return new Network(await runtime.loadAndCompile(file, { accelerator }), accelerator);
  }

  /** Run on arrays by name; gives a Float32Array of its own. */
  async run(arrays) {
    const inputs = {};
    for (const [name, shape] of this.shapes) inputs[name] = new runtime.Tensor(arrays[name], shape);
    const given = await this.model.run(inputs);
    let [output] = Array.isArray(given) ? given : Object.values(given);
    if (this.accelerator === "webgpu") output = await output.moveTo("wasm");
    const result = Float32Array.from(output.toTypedArray());
    output.delete();
    for (const tensor of Object.values(inputs)) if (!tensor.deleted) tensor.delete();
    return result;
  }
}

/** A frame network of one size, with what brings pictures to it and back. */
class Frames {
  constructor(network, { width, height, margin }) {
    Object.assign(this, { network, width, height, margin });
    this.canvas = new OffscreenCanvas(width, height);
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    const wide = width + 2 * margin;
    const high = height + 2 * margin;
    this.seen = new Float32Array(wide * high * 3);
    this.columns = Int32Array.from({ length: wide }, (_, place) => reflected(place - margin, width));
    this.rows = Int32Array.from({ length: high }, (_, place) => reflected(place - margin, height));
  }

  async paint(bitmap, code, strength, mirror) {
    const { context, width, height } = this;
    const scale = Math.max(width / bitmap.width, height / bitmap.height);
    context.setTransform(mirror ? -1 : 1, 0, 0, 1, mirror ? width : 0, 0);
    const [wide, high] = [bitmap.width * scale, bitmap.height * scale];
    context.drawImage(bitmap, (width - wide) / 2, (height - high) / 2, wide, high);
    context.resetTransform();
    const frame = context.getImageData(0, 0, width, height);
    if (strength > 0) {
      const painted = await this.network.run({ content: this.lay(frame.data), code });
      mix(frame.data, painted, Math.min(1, strength / FADE));
    }
    context.putImageData(frame, 0, 0);
    return this.canvas.transferToImageBitmap();
  }

  /** Lay a frame out as the network sees it: with the grain, and a margin that continues it by reflection. */
  lay(data) {
    let place = 0;
    for (const row of this.rows)
      for (const column of this.columns) {
        const from = (row * this.width + column) * 4;
        const more = grain.data[((row % grain.height) * grain.width + (column % grain.width)) * 4] - MIDDLE;
        for (let colour = 0; colour < 3; colour += 1)
          this.seen[place++] = Math.min(255, Math.max(0, data[from + colour] + more)) / 255;
      }
    return this.seen;
  }
}

/** The place inside 0..size-1 whose pixel stands at a place outside: …2 1 0 0 1 2… */
function reflected(place, size) {
  const round = ((place % (2 * size)) + 2 * size) % (2 * size);
  return round < size ? round : 2 * size - 1 - round;
}

/** Put a painting (floats, RGB) over a frame (bytes, RGBA), by a share. */
function mix(data, painted, share) {
  for (let from = 0, to = 0; from < painted.length; to += 4)
    for (let colour = 0; colour < 3; colour += 1, from += 1)
      data[to + colour] = share * 255 * painted[from] + (1 - share) * data[to + colour];
}

/** Work out the code of a picture. */
async function encode(bitmap) {
  styleNetwork ??= await Network.open("style.tflite", "wasm");
  const context = new OffscreenCanvas(STYLE, STYLE).getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, STYLE, STYLE);
  const { data } = context.getImageData(0, 0, STYLE, STYLE);
  const style = Float32Array.from({ length: STYLE * STYLE * 3 }, (_, k) => data[Math.floor(k / 3) * 4 + (k % 3)] / 255);
  return styleNetwork.run({ style });
}

/** Open the frame network of a size: on the GPU, if that paints what the CPU paints. */
async function frames(size) {
  const key = `${size.width}x${size.height}`;
  if (!frameNetworks.has(key)) {
    const file = `frame-${key}.tflite`;
    const sure = await Network.open(file, "wasm");
    frameNetworks.set(key, new Frames((await onGpu(file, sure)) ?? sure, size));
  }
  return frameNetworks.get(key);
}

async function onGpu(file, sure) {
  try {
    if (!(await navigator.gpu?.requestAdapter())) return null;
    const quick = await Network.open(file, "webgpu");
    const content = new Float32Array(sure.shapes.get("content").reduce((size, side) => size * side));
    content.forEach((_, place) => (content[place] = 0.5 + 0.5 * Math.sin(place / 97)));
    const code = new Float32Array(sure.shapes.get("code").at(-1)).fill(0.1);
    const expected = await sure.run({ content, code });
    for (let round = 0; round < 2; round += 1) {
      const painted = await quick.run({ content, code });
      const away = painted.reduce((sum, value, place) => sum + Math.abs(value - expected[place]), 0) / painted.length;
      if (!(away < AGREES)) return null;
    }
    return quick;
  } catch {
    return null;
  }
}

/** The code on the way from the frame's own to the style's, by the strength. */
async function weakened(code, strength, bitmap, known) {
  if (strength >= 1) return { code, own: null, fresh: false };
  const own = known ?? (await encode(bitmap));
  return { code: code.map((value, place) => own[place] + strength * (value - own[place])), own, fresh: !known };
}

const answers = {
  async start({ grainPicture }) {
    const { loadLiteRt, loadAndCompile, Tensor } = await import("./litert.js");
    await loadLiteRt(new URL("wasm/", location.href).href);
    runtime = { loadAndCompile, Tensor };
    const context = new OffscreenCanvas(grainPicture.width, grainPicture.height).getContext("2d");
    context.drawImage(grainPicture, 0, 0);
    grain = context.getImageData(0, 0, grainPicture.width, grainPicture.height);
    return [{ type: "ready" }];
  },
  async encode({ bitmap, id }) {
    return [{ type: "encoded", id, code: await encode(bitmap) }];
  },
  async paint({ bitmap, size, code, strength, mirror, own }) {
    const begin = performance.now();
    const network = await frames(size);
    const moved = await weakened(code, strength, bitmap, own);
    const painted = await network.paint(bitmap, moved.code, strength, mirror);
    bitmap.close();
    const took = performance.now() - begin;
    const { own: used, fresh } = moved;
    return [{ type: "painted", painted, own: used, fresh, took, device: network.network.accelerator }, [painted]];
  },
};

let turn = Promise.resolve();
onmessage = ({ data }) => {
  turn = turn
    .then(() => answers[data.type](data))
    .then((answer) => postMessage(...answer))
    .catch((error) => postMessage({ type: "failed", text: String(error) }));
};
