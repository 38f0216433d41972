/** Long work in parts of a few milliseconds, between which the event loop serves others. */
import { setImmediate as turn } from 'node:timers/promises';

const PART_MS = 5;

/** Creates a function to be called after each step: it returns a promise to wait for when a part is over. */
export function createPace(): () => Promise<void> | undefined {
  let began = performance.now();
  return () => {
    if (performance.now() - began < PART_MS) return undefined;
    return turn().then(() => {
      began = performance.now();
    });
  };
}
