/** What is stored under an idempotency key, and where. */
import { hash } from 'node:crypto';

import { canonicalJson } from '../base/equality.js';
import type { JsonObject } from '../base/json.js';
import type { FoundCall } from './running-call.js';

/** Prefix of all keys of entries. */
const PREFIX = 'key/';

/**
 * An entry. `running`: its call runs. `asking`: the function has asked its user for input, and the next round has not begun.
 * `done`: the operation has ended. `unknown`: it was ended from outside while it ran.
 */
export interface KeyEntry {
  state: 'running' | 'asking' | 'done' | 'unknown';
  /** Name of the tool. */
  tool: string;
  /** Digest of the arguments. */
  args: string;
  /** Id of the call that ran, or runs. */
  call: string;
  /** Digest of the user's answers that this round was called with; empty: it was the first round. */
  round: string;
  /**
   * Milliseconds since 1970. `running`: unless it is renewed before, the process that runs the call is gone. `asking`: until then
   * a repeated round gets the stored question again.
   */
  until?: number;
  /** `done` and `asking`: the result. */
  result?: JsonObject;
}

const digest = (text: string): string => hash('sha256', text, 'base64url');

/** The prefix of all entries of one caller. */
export const prefixOf = (subject: string): string => `${PREFIX}${digest(subject).slice(0, 22)}/`;

/** The place of a key. Keys are stored as digests, so that they may have any characters. */
export const placeOf = (prefix: string, key: string): string => prefix + digest(key);

/**
 * What must be equal for a call to be a repetition: the tool and its arguments.
 *
 * @throws RangeError if the arguments are nested too deeply
 */
export const argumentsDigest = ({ input }: FoundCall): string => digest(canonicalJson(input));

/** The digest of the answers that a round is called with. */
export function roundDigest({ params }: FoundCall): string {
  const { requestState, inputResponses } = params;
  if (requestState === undefined && inputResponses === undefined) return '';
  return digest(canonicalJson([requestState ?? null, inputResponses ?? null]));
}

/**
 * The text of an entry.
 *
 * @param result JSON text of the result; it is not encoded again
 */
export function entryText(entry: Omit<KeyEntry, 'result'>, result?: string): string {
  const text = JSON.stringify(entry);
  return result === undefined ? text : `${text.slice(0, -1)},"result":${result}}`;
}

/** Reads an entry's text. */
export const readEntry = (text: string): KeyEntry => JSON.parse(text) as KeyEntry;
