/**
 * Node 20 rejects one promise too many when a CommonJS file throws that an ES module imports: the one of `import()`, and another
 * that nobody can reach. Left alone, that one ends the process.
 */

const isConcerned = Number(process.versions.node.split('.')[0]) < 22;

/** What `import()` threw in this turn of the event loop. */
const causes = new Set<unknown>();

function take(reason: unknown): void {
  if (causes.has(reason) || process.listenerCount('unhandledRejection') > 1) return;
  // Somebody else's: while we listen, Node leaves it to us.
  setImmediate(() => {
    throw reason;
  });
}

/**
 * Takes the second rejection of a failed `import()`. To be called as soon as the first was caught.
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
