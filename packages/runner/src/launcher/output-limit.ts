/** Reads what a child writes to descriptors 1 and 2, and drops what is too much. */
import type { ChildProcess } from 'node:child_process';

/** Characters that one child may write in one period, and the period in milliseconds. */
const MAX_CHARACTERS = 65_536;
const PERIOD_MS = 1_000;
/** Characters of the end of what was dropped that are passed on when the child has ended: they may say why. */
const LAST_CHARACTERS = 4_000;

/**
 * Passes on the output of a child.
 *
 * @param pass gets the texts
 * @returns a function that ends it
 */
export function limitOutput(child: ChildProcess, pass: (stream: 'stdout' | 'stderr', text: string) => void): () => void {
  let left = MAX_CHARACTERS;
  let dropped = 0;
  /** The end of what was dropped of stderr. */
  let last = '';
  const report = (): void => {
    if (dropped > 0) pass('stderr', `[${dropped} characters of output were dropped]\n`);
    left = MAX_CHARACTERS;
    dropped = 0;
  };
  let timer: NodeJS.Timeout | undefined;
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      timer ??= setTimeout(() => {
        timer = undefined;
        report();
      }, PERIOD_MS);
      const passed = text.slice(0, left);
      left -= passed.length;
      dropped += text.length - passed.length;
      if (passed !== text && stream === 'stderr') last = (last + text.slice(passed.length)).slice(-LAST_CHARACTERS);
      else if (stream === 'stderr') last = '';
      if (passed !== '') pass(stream, passed);
    });
  }
  return () => {
    clearTimeout(timer);
    report();
    if (last !== '') pass('stderr', last);
  };
}
