/** Turns of the event loop for pieces of long work. There is one event loop, so all that wait for it are in one list. */

const waiting: (() => void)[] = [];

function next(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(next);
}

/**
 * Waits for a later turn of the event loop, in which nothing else that waits here begins: two long pieces of work are never done without
 * serving others in between.
 */
export function ownTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(next);
  });
}

/** Whether work waits for a turn of its own: then other work that may be long waits there, too. */
export const isTurnAwaited = (): boolean => waiting.length > 0;
