/**
 * Where things are in a JSON text: the values that a scan found, and their lines and columns.
 */
import type { Mistake } from '../protocol/errors.js';
import type { PathStep } from '../schema/mistakes.js';

/** Where a value is, and what is in it. Offsets count UTF-16 units from the start of the text. */
export interface JsonNode {
  offset: number;
  /** Where the value's key begins, if it is in an object. */
  keyOffset?: number;
  members?: Map<string, JsonNode>;
  elements?: JsonNode[];
}

/** A mistake with its offset, before that becomes a line and a column. */
export interface Spot {
  offset: number;
  path: string;
  message: string;
}

/** A number that JavaScript cannot represent. */
export interface InexactNumber extends Spot {
  /** Where it is in the document. */
  steps: readonly PathStep[];
  /** The number as it is written. */
  text: string;
}

/** The line of an offset, counted from 1. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** Makes a function from offsets of a text to lines and columns, both counted from 1, in UTF-16 units as editors count them. */
export function lineCounter(text: string): (offset: number) => { line: number; column: number } {
  const starts = [text.startsWith('\uFEFF') ? 1 : 0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    for (let high = starts.length - 1; low < high;) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Math.max(1, offset - (starts[low] ?? 0) + 1) };
  };
}

/** The offset of what a path leads to: a member's key, else the value. If part of the path is missing, the deepest step found. */
export function offsetOf(root: JsonNode, steps: readonly PathStep[]): number {
  let node = root;
  for (const step of steps) {
    const next = typeof step === 'number' ? node.elements?.[step] : node.members?.get(step);
    if (next === undefined) break;
    node = next;
  }
  return node.keyOffset ?? node.offset;
}

/** Turns spots into mistakes with lines and columns. */
export function toMistakes(text: string, spots: readonly Spot[]): Mistake[] {
  const position = lineCounter(text);
  return spots.map(({ offset, path, message }) => ({ path, ...position(offset), message }));
}
