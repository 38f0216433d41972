/**
 * Node 20: when a CommonJS file that an ES module imports throws, Node rejects two promises: the one of `import()`, and one that no
 * code can reach. That one would end the process as an unhandled rejection.
 */

const isConcerned = Number(process.versions.node.split('.')[0]) < 22;

/** What `import()` threw in this turn of the event loop. */
const causes = new Set<unknown>();

function take(reason: unknown): void {
  if (causes.has(reason) || process.listenerCount('unhandledRejection') > 1) return;
  // Another rejection: while this listener is there, Node does not handle it, so throw it.
  setImmediate(() => {
    throw reason;
  });
}

/**
 * Ignores the second rejection of a failed `import()`. Must be called as soon as the first one is caught.
 *
 * @param cause what `import()` threw
 */
export function absorbStray(cause: unknown): void {
  if (!isConcerned) return;
  if (causes.size === 0) {
    process.on('unhandledRejection', take);
    setImmediate(() => {
      causes.clear();
      process.off('unhandledRejection', take);
    });
  }
  causes.add(cause);
}
