/** Loaded before a server that is measured (`node --expose-gc --import`): tells, when asked, what is in use after a collection. */
process.on('message', () => {
  globalThis.gc();
  setImmediate(() => {
    globalThis.gc();
    process.send(process.memoryUsage());
  });
});
// To be asked keeps nobody alive.
process.channel.unref();
