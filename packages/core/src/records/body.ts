/** What a record keeps of a body: its JSON text, as the policy of its function wants it. */
import { redact } from '../base/json-path.js';
import type { FunctionDefinition } from '../ports/definition.js';

/** Stands in a record for a body that is nested more deeply than it can be written. */
const TOO_DEEP = '"[nested too deeply to be recorded]"';

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
