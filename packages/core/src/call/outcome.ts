/** How a run of a function ends. */
import type { InputRequired } from '../input/requests.js';
import { isInputRequired } from '../input/requests.js';

/** How a run ended. */
export type Outcome =
  | { kind: 'value'; value: unknown }
  | { kind: 'input_required'; wish: InputRequired }
  /** The arguments do not fit the schema: something a model can correct. */
  | { kind: 'invalid'; problems: readonly string[] }
  /** The function failed by itself. */
  | { kind: 'error'; message: string; cause: unknown }
  /** There is no function to run. */
  | { kind: 'unavailable'; cause: unknown }
  | { kind: 'timed_out'; afterMs: number }
  | { kind: 'cancelled' };

const MAX_MESSAGE = 2_000;

/** What was thrown, in words. @throws anything, for a value that cannot be put into words */
function inWords(thrown: unknown): string {
  if (thrown instanceof Error) return String(thrown.message || thrown.name);
  if (typeof thrown === 'string') return thrown;
  if (typeof thrown === 'function') return 'a function was thrown'; // its source text must not reach a client
  return JSON.stringify(thrown) ?? String(thrown);
}

/** What a function threw, in words for the model: the message, never the trace. */
export function messageOf(thrown: unknown): string {
  let text: string;
  try {
    text = inWords(thrown);
  } catch {
    text = `a value that cannot be told was thrown (${typeof thrown})`; // a cycle, a BigInt, a getter that throws
  }
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
}

/** The outcome of a function that threw. */
export const failed = (cause: unknown): Outcome => ({ kind: 'error', message: messageOf(cause), cause });

/** The outcome of a function that returned. */
export const returned = (value: unknown): Outcome =>
  isInputRequired(value) ? { kind: 'input_required', wish: value } : { kind: 'value', value };
