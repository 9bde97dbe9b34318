import { setFlagsFromString } from 'node:v8';

/**
 * V8 compiles the WebAssembly of undici's HTTP parser once, by its quick compiler. By default its optimizing compiler
 * follows, and leaves 14 MB resident in an empty operator; a request then takes no less CPU (docs/performance.md).
 * NODE_OPTIONS does not allow these flags. They count for modules that are compiled later, so src/main.ts imports this
 * file first.
 */
setFlagsFromString('--no-wasm-tier-up');
setFlagsFromString('--no-wasm-dynamic-tiering');
