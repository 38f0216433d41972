/** Writes the body of a `CALL`. */
import type { JsonObject } from '@mcp-daemon/core';

import type { PendingCall } from './call.js';
import type { CoreParts } from './core-parts.js';

const isEmpty = (value: object): boolean => {
  for (const _ in value) return false;
  return true;
};

/** A member, if the value is there and not empty. */
const member = (name: string, value: object | undefined): string =>
  value === undefined || isEmpty(value) ? '' : `,"${name}":${JSON.stringify(value)}`;

/** Characters from which on a text of the input is sent as it is, behind the JSON: encoding it as JSON takes many times longer. */
const LONG_TEXT = 1_000;
const NONE: readonly string[] = [];

/** Well-formed text survives UTF-8. Older types lack the method. */
const isWellFormed = (text: string): boolean => (text as unknown as { isWellFormed(): boolean }).isWellFormed();

/** The names of the input's long texts. */
function longTexts(input: unknown): readonly string[] {
  if (typeof input !== 'object' || input === null) return NONE;
  let names: string[] | undefined;
  for (const name in input) {
    const value = (input as Record<string, unknown>)[name];
    if (typeof value === 'string' && value.length >= LONG_TEXT && isWellFormed(value)) (names ??= []).push(name);
  }
  // Only of data: other objects may have members that are not their own, or their own way to JSON.
  return names === undefined || Object.getPrototypeOf(input) !== Object.prototype || 'toJSON' in input ? NONE : names;
}

/** The body of a `CALL`. */
export interface CallBody {
  json: string;
  /** Its attachments: texts of the input. */
  texts: readonly string[];
}

/**
 * The body of a `CALL`. The JSON is put together by hand because most members are absent in most calls.
 *
 * @param fn the id of the function
 * @param caller the id of the client
 */
export function callBody(fn: number, caller: number, { input, context, source }: PendingCall, core: CoreParts): CallBody {
  const { inputs, state, variables } = source ?? context;
  const meta = source === undefined ? context.meta : source.request.meta;
  const subject = source === undefined ? context.subject : source.request.exchange.subject;
  const callId = source === undefined ? context.callId : source.callId;
  // Its getter parses it: only for calls that may have one.
  const traceparent =
    source === undefined || meta?.['traceparent'] !== undefined || source.request.exchange.traceparent !== undefined
      ? context.traceparent
      : undefined;
  const wantsProgress =
    source === undefined || meta?.['progressToken'] !== undefined || source.request.exchange.progressed !== undefined;
  const names = longTexts(input);
  const texts = names === NONE ? NONE : names.map((name) => (input as Record<string, string>)[name] ?? '');
  const json =
    `{"fn":${fn},"caller":${caller},"uuid":"${callId}","subject":${JSON.stringify(subject)}` +
    (names === NONE
      ? ''
      : `,"texts":${JSON.stringify(names.map((at, index) => ({ at, size: Buffer.byteLength(texts[index] ?? '') })))}`) +
    (input === undefined ? '' : `,"input":${names === NONE ? core.json(input) : core.jsonWithout(input as JsonObject, names)}`) +
    member('meta', meta) +
    member('inputs', inputs) +
    (state === undefined ? '' : `,"state":${JSON.stringify(state)}`) +
    member('variables', variables) +
    (traceparent === undefined ? '' : `,"traceparent":${JSON.stringify(traceparent)}`) +
    (wantsProgress ? ',"progress":true}' : '}');
  return { json, texts };
}

/** Whether a body has more than so many bytes. */
export function sizeOver(maxBytes: number, json: string, texts: readonly string[]): boolean {
  let length = json.length;
  for (const text of texts) length += text.length;
  if (length * 3 <= maxBytes) return false; // a UTF-16 unit takes at most three bytes
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), Buffer.byteLength(json)) > maxBytes;
}
