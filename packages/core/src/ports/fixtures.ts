/**
 * Fixtures: recorded calls that a daemon answers from, in place of running functions. `replay/fixture-player.ts` makes the part that
 * answers, `replay/fixture-export.ts` makes fixtures of records.
 */
import type { JsonObject } from '../base/json.js';
import type { CatalogDefinition } from './definition.js';

/** The `format` of a file with fixtures. */
export const FIXTURE_FORMAT = 'mcp-daemon-fixtures';

/** The `version` of the format that this program reads and writes. */
export const FIXTURE_VERSION = 1;

/** The methods that call functions. */
export const FIXTURE_METHODS = ['tools/call', 'resources/read', 'prompts/get'] as const;

/** One recorded call: the request, without `_meta`, and its answer. */
export interface FixtureCall {
  method: (typeof FIXTURE_METHODS)[number];
  /** `{ name, arguments }`, or `{ uri }` for `resources/read`. */
  params: JsonObject;
  /** What the function asked its client, round by round, before it gave its result. Absent: nothing. */
  rounds?: readonly { inputRequests: JsonObject }[];
  /** The MCP result, without what depends on the version of the protocol. */
  result?: JsonObject;
  /** In place of `result`: the message of the error of a resource or prompt. */
  error?: string;
  /** How long the call took, in milliseconds. */
  time_ms?: number;
}

/** A file with fixtures. */
export interface FixtureDocument {
  format: typeof FIXTURE_FORMAT;
  version: typeof FIXTURE_VERSION;
  /** Tools, resources, templates and prompts, as in a config file; `name`, `version`, `title` and `instructions`. It has no code. */
  catalog: JsonObject;
  /** JSON paths whose values are `"[redacted]"` in the calls of a function, by its name. */
  redact?: Readonly<Record<string, readonly string[]>>;
  /** The calls, in the order in which they began. */
  calls: readonly FixtureCall[];
}

/** A call that the fixtures have no answer for. */
export interface UnknownCall {
  method: string;
  /** Redacted as the function's record policy says. */
  params: JsonObject;
  /** How often it was made. */
  times: number;
  /** How often it is in the fixtures. 0: never; else all of its answers were given already. */
  recorded: number;
}

/** What has been answered from fixtures so far. */
export interface FixtureReport {
  /** Calls that were answered. */
  answered: number;
  /** Calls of the fixtures that nobody has made yet. */
  unused: number;
  /** Distinct calls without an answer, in the order in which they were first made; at most 1,000. */
  unknown: readonly UnknownCall[];
}

/** Recorded calls, ready to answer. Made by `createFixtures`. */
export interface Fixtures {
  /** The catalog of the fixtures, whose functions answer from them. */
  readonly catalog: CatalogDefinition;
  /** Another catalog with functions that answer from the fixtures. Its record policies apply to what is answered. */
  play(catalog: CatalogDefinition): CatalogDefinition;
  report(): FixtureReport;
}
