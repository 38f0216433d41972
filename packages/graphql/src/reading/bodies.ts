/** Arguments and results of call records, and why they are what they are. */
import type { CallRecord, FunctionRow } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

import { shownLink } from './served.js';

/** See `BodyState` in the schema. */
export type BodyState = 'KEPT' | 'REDACTED' | 'CUT' | 'POLICY' | 'RUNNING' | 'NONE' | 'GONE' | 'WITHHELD';

const REDACTED = '"[redacted]"';

/** A text as JSON; undefined if it is not JSON. */
export function jsonOf(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What the record policy of a function keeps; undefined: all. */
function policyOf(row: FunctionRow | undefined): unknown {
  if (row === undefined) return undefined;
  const { record } = shownLink(row);
  return isObject(record) ? record['bodies'] : record;
}

/** Why a text that was recorded is what it is. */
function stateOfText(text: string): BodyState {
  if (text.startsWith('{"cut":true,')) return 'CUT';
  return text.includes(REDACTED) ? 'REDACTED' : 'KEPT';
}

/** Why the arguments of a record are what they are. @param row the function as it is now */
export function argumentsState(record: CallRecord, row: FunctionRow | undefined): BodyState {
  if (record.arguments !== null) return stateOfText(record.arguments);
  return policyOf(row) === 'metadata' ? 'POLICY' : 'NONE';
}

/** Why the result of a record is what it is. @param row the function as it is now */
export function contentState(record: CallRecord, row: FunctionRow | undefined): BodyState {
  if (record.content !== null) return stateOfText(record.content);
  if (record.status === 'in_process') return 'RUNNING';
  if (record.content_in_s3) return 'GONE';
  const policy = policyOf(row);
  return policy === 'metadata' || policy === 'arguments' ? 'POLICY' : 'NONE';
}
