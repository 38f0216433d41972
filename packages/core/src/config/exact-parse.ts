/** Parses JSON so that numbers that JavaScript cannot represent are encoded as they were written; see `base/exact-numbers.ts`. */
import { keepNumberText } from '../base/exact-numbers.js';
import type { InexactNumber } from './json-position.js';
import { scanJson } from './json-scan.js';

/** Numbers with this many digits may lose precision when they are parsed. */
export const LONG_NUMBER = /\d{16}/;

/** Keeps the texts of a document's numbers, so that others get them as they are written. @param numbers those that lost precision */
export function keepTexts(document: unknown, numbers: readonly InexactNumber[]): void {
  for (const { steps, text } of numbers) {
    const key = steps.at(-1);
    if (key === undefined) continue; // the document is not a number
    let holder = document as Record<string | number, unknown>;
    for (const step of steps.slice(0, -1)) holder = holder[step] as Record<string | number, unknown>;
    keepNumberText(holder, key, text);
  }
}

/** Parses as `JSON.parse` does, and keeps the texts of numbers. @throws SyntaxError */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (LONG_NUMBER.test(text)) keepTexts(value, scanJson(text).inexact);
  return value;
}
