/** What a record keeps of a body: its JSON text, by the function's record policy, up to a maximum size. */
import { createHash } from 'node:crypto';

import { redact } from '../base/json-path.js';
import type { FunctionDefinition } from '../ports/definition.js';

/** Replaces a body that is nested too deeply to be encoded. */
const TOO_DEEP = '"[nested too deeply to be recorded]"';

/** Number of characters that are kept of a body that is too large. */
const BEGINNING = 1_000;

function body(text: string | null, value: unknown, paths: readonly string[] | undefined): string | null {
  if (text === null && value === undefined) return null;
  try {
    if (paths === undefined || paths.length === 0) return text ?? JSON.stringify(value) ?? null;
    return JSON.stringify(redact(text === null ? value : (JSON.parse(text) as unknown), paths)) ?? null;
  } catch {
    return TOO_DEEP; // JSON.parse accepts deeper values than JSON.stringify
  }
}

/** The arguments of a call, as its record keeps them. */
export function recordedArguments({ record: policy }: FunctionDefinition, input: unknown): string | null {
  return policy?.bodies === 'metadata' ? null : body(null, input, policy?.redact);
}

/** The result of a call, as its record keeps it. */
export function recordedContent({ record: policy }: FunctionDefinition, text: string): string | null {
  if (policy === undefined) return text;
  return policy.bodies === 'all' ? body(text, undefined, policy.redact) : null;
}

/**
 * The first characters of a text, without half a surrogate pair at the end. It is a copy, so that the large text can be freed.
 */
export function beginningOf(text: string, chars: number): string {
  if (text.length <= chars) return text;
  return Buffer.from(text.slice(0, chars).replace(/[\uD800-\uDBFF]$/, '')).toString();
}

/** The body, if it fits. Else a JSON object with `cut`, the size in `bytes`, the `sha256` and the `beginning`. */
export function boundedBody(text: string | null, maxBytes: number): string | null {
  // A UTF-16 unit takes at most three bytes.
  if (text === null || text.length * 3 <= maxBytes) return text;
  const encoded = Buffer.from(text);
  const bytes = encoded.length;
  if (bytes <= maxBytes) return text;
  const sha256 = createHash('sha256').update(encoded).digest('hex');
  return JSON.stringify({ cut: true, bytes, sha256, beginning: beginningOf(text, BEGINNING) });
}

/** Replaces a body that was dropped to save memory while the store could not be written. */
export const droppedBody = (text: string): string => JSON.stringify({ cut: true, bytes: Buffer.byteLength(text) });
