/**
 * The change between two texts, as lines.
 */
import type { Paint } from '../terminal/terminal.js';

const CONTEXT = 3;

/** The lines that differ between two texts, with context, in the format of `diff -u` with a single hunk. */
export function diff(before: string, after: string, paint: Paint): string[] {
  const old = before === '' ? [] : before.replace(/\r?\n$/, '').split(/\r?\n/);
  const now = after === '' ? [] : after.replace(/\r?\n$/, '').split(/\r?\n/);
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  const from = Math.max(0, head - CONTEXT);
  const oldEnd = old.length - tail;
  const nowEnd = now.length - tail;
  const after3 = old.slice(oldEnd, oldEnd + CONTEXT);
  const size = (end: number): number => end - from + after3.length;
  return [
    paint('cyan', `@@ -${from + 1},${size(oldEnd)} +${from + 1},${size(nowEnd)} @@`),
    ...old.slice(from, head).map((line) => ` ${line}`),
    ...old.slice(head, oldEnd).map((line) => paint('red', `-${line}`)),
    ...now.slice(head, nowEnd).map((line) => paint('green', `+${line}`)),
    ...after3.map((line) => ` ${line}`),
  ];
}
