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

/** What may be a part of a place as it is. */
const PLAIN = /^[\w.:@-]{1,64}$/;

/** A subject or a key as a part of a place: as it is, if it is short and plain, else its digest. No plain one looks like a digest. */
const part = (text: string): string => (PLAIN.test(text) ? text : `=${digest(text)}`);

/** The prefix of all entries of one caller. */
export const prefixOf = (subject: string): string => `${PREFIX}${part(subject)}/`;

/** The place of a key. Keys that clients make in ascending order are stored side by side, which is cheaper in SQLite. */
export const placeOf = (prefix: string, key: string): string => prefix + part(key);

/** The last name of a tool that was encoded, and its JSON: many calls are of the same tool. */
let [lastTool, lastToolText] = ['', '""'];

function toolText(tool: string): string {
  if (tool !== lastTool) [lastTool, lastToolText] = [tool, JSON.stringify(tool)];
  return lastToolText;
}

/** What must be equal for a call to be a repetition, and the round that it is. */
export class About {
  /** Name of the tool. */
  readonly tool: string;
  /** Digest of the arguments. */
  readonly args: string;
  /** Digest of the answers that a round is called with; empty: it is the first. */
  readonly round: string;

  /** @throws RangeError if the arguments are nested too deeply */
  constructor({ definition, input, params }: FoundCall) {
    const { requestState, inputResponses } = params;
    this.tool = definition.name;
    this.args = digest(canonicalJson(input));
    this.round =
      requestState === undefined && inputResponses === undefined
        ? ''
        : digest(canonicalJson([requestState ?? null, inputResponses ?? null]));
  }

  /**
   * The text of an entry.
   *
   * @param result JSON text of the result; it is not encoded again
   */
  text(state: KeyEntry['state'], call: string, until?: number, result?: string): string {
    // By hand: each call writes two. Digests and ids need no escapes.
    const head = `{"state":"${state}","tool":${toolText(this.tool)},"args":"${this.args}","call":"${call}","round":"${this.round}"`;
    if (result === undefined) return until === undefined ? `${head}}` : `${head},"until":${until}}`;
    // This one is kept for long. As one flat text it is less work for the garbage collector than as a tree of its parts.
    return [head, until === undefined ? ',"result":' : `,"until":${until},"result":`, result, '}'].join('');
  }
}

/** Whether a function may run again when it is not known what its first run has done. */
export function isRepeatable({ definition }: FoundCall): boolean {
  const { annotations } = definition;
  return annotations?.['readOnlyHint'] === true || annotations?.['idempotentHint'] === true;
}

/** Reads an entry's text. */
export const readEntry = (text: string): KeyEntry => JSON.parse(text) as KeyEntry;
