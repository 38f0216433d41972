/** Loaded before a measured server (`node --expose-gc --import`): on request, reports the heap in use after a GC. */
process.on('message', () => {
  globalThis.gc();
  setImmediate(() => {
    globalThis.gc();
    process.send(process.memoryUsage());
  });
});
// The listener must not keep the process alive.
process.channel.unref();
