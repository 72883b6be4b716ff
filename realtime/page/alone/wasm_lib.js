// Loads the wasm of LiteRT.js in a worker: what the runtime asks of the package `@litertjs/wasm-utils`, in a few lines.

export async function createWasmLib(Library, loader) {
  importScripts(loader.toString());
  const locateFile = (name) => new URL(name, loader).href;
  return new Library(await self.ModuleFactory({ locateFile }), null);
}
