/** How a run of a function ends. */
import type { Rounds } from '../input/asker.js';
import type { InputRequired } from '../input/requests.js';
import { isInputRequired } from '../input/requests.js';

/** How a run ended. */
export type Outcome =
  | { kind: 'value'; value: unknown }
  /** `rounds`: what is carried to the next round, where it is not what the call began with. */
  | { kind: 'input_required'; wish: InputRequired; rounds?: Rounds }
  /** The arguments do not fit the schema. A model can correct this. */
  | { kind: 'invalid'; problems: readonly string[] }
  /** The function failed. `unanswered`: it has asked for input, and the client did not answer. */
  | { kind: 'error'; message: string; cause: unknown; unanswered?: boolean }
  /**
   * The user did not approve the call. `final`: they declined; else they closed the question, or it was not shown.
   *
   * @property notes for the record
   */
  | { kind: 'declined'; message: string; notes: string; final: boolean }
  /** The answer to a question may not be used: it was used before. */
  | { kind: 'stale'; message: string }
  /** A quota is used up. A model can come back later. */
  | { kind: 'refused'; message: string; retryAfterMs: number }
  /** The function could not be loaded. */
  | { kind: 'unavailable'; cause: unknown }
  | { kind: 'timed_out'; afterMs: number }
  | { kind: 'cancelled' };

const MAX_MESSAGE = 2_000;

/** The text of a thrown value. @throws anything, if the value cannot be converted to text */
function inWords(thrown: unknown): string {
  if (thrown instanceof Error) return String(thrown.message || thrown.name);
  if (typeof thrown === 'string') return thrown;
  if (typeof thrown === 'function') return 'a function was thrown'; // a client must not get its source code
  return JSON.stringify(thrown) ?? String(thrown);
}

/** The text of a thrown value, for the model: the message, never the stack trace. */
export function messageOf(thrown: unknown): string {
  let text: string;
  try {
    text = inWords(thrown);
  } catch {
    text = `a value that cannot be converted to text was thrown (${typeof thrown})`; // a cycle, a BigInt, a getter that throws
  }
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
}

/** The outcome of a function that threw. */
export const failed = (cause: unknown): Outcome => ({ kind: 'error', message: messageOf(cause), cause });

/** The outcome of a function that returned. */
export const returned = (value: unknown): Outcome =>
  isInputRequired(value) ? { kind: 'input_required', wish: value } : { kind: 'value', value };
