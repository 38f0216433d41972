/** What a record keeps of a body: its JSON text, as the policy of its function wants it, up to a size. */
import { createHash } from 'node:crypto';

import { redact } from '../base/json-path.js';
import type { FunctionDefinition } from '../ports/definition.js';

/** Stands in a record for a body that is nested more deeply than it can be written. */
const TOO_DEEP = '"[nested too deeply to be recorded]"';

/** Characters that are kept of a body that is too large. */
const BEGINNING = 1_000;

function body(text: string | null, value: unknown, paths: readonly string[] | undefined): string | null {
  if (text === null && value === undefined) return null;
  try {
    if (paths === undefined || paths.length === 0) return text ?? JSON.stringify(value) ?? null;
    return JSON.stringify(redact(text === null ? value : (JSON.parse(text) as unknown), paths)) ?? null;
  } catch {
    return TOO_DEEP; // a parser goes deeper than what writes
  }
}

/** What a call was given, as its record keeps it. */
export function recordedArguments({ record: policy }: FunctionDefinition, input: unknown): string | null {
  return policy?.bodies === 'metadata' ? null : body(null, input, policy?.redact);
}

/** The text of a result, as the record of its call keeps it. */
export function recordedContent({ record: policy }: FunctionDefinition, text: string): string | null {
  if (policy === undefined) return text;
  return policy.bodies === 'all' ? body(text, undefined, policy.redact) : null;
}

/** The first characters of a text, without half a character at the end. The text itself, which may be large, is not kept alive. */
export function beginningOf(text: string, chars: number): string {
  if (text.length <= chars) return text;
  return Buffer.from(text.slice(0, chars).replace(/[\uD800-\uDBFF]$/, '')).toString();
}

/** A body that fits, or in its place a JSON object: `cut`, its size in `bytes`, its `sha256` and its `beginning`. */
export function boundedBody(text: string | null, maxBytes: number): string | null {
  // A character has at most three bytes for each of its UTF-16 units.
  if (text === null || text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return text;
  const sha256 = createHash('sha256').update(text).digest('hex');
  return JSON.stringify({ cut: true, bytes, sha256, beginning: beginningOf(text, BEGINNING) });
}

/** Stands for a body that was dropped to save memory while the store could not be written. */
export const droppedBody = (text: string): string => JSON.stringify({ cut: true, bytes: Buffer.byteLength(text) });
