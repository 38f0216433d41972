/** Makes fixtures of recorded calls: the same records give the same fixtures. */
import { canonicalJson } from '../base/equality.js';
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { redact } from '../base/json-path.js';
import type { ServerIdentity } from '../config/normalize.js';
import type { CallRecord } from '../ports/calls.js';
import type { CatalogDefinition, FunctionDefinition } from '../ports/definition.js';
import type { FixtureCall, FixtureDocument } from '../ports/fixtures.js';
import { FIXTURE_FORMAT, FIXTURE_VERSION } from '../ports/fixtures.js';
import { replayOf } from '../records/replay-of.js';
import { fixtureCatalog } from './fixture-catalog.js';
import { resultMistake } from './fixture-check.js';
import { argumentsOfRecord, requestOf, resultOfRecord } from './recorded.js';
import { functionOfRecord } from './replay.js';

/** What {@link exportFixtures} takes. */
export interface ExportFixturesOptions {
  /** The records, in the order in which the calls began: sorted by uuid. */
  records: Iterable<CallRecord> | AsyncIterable<CallRecord>;
  /** The catalog as it is now. Its record policies decide what the fixtures may hold. */
  catalog: CatalogDefinition;
  /** How the server names itself. */
  server?: ServerIdentity;
}

/** Fixtures, and what was left out. */
export interface ExportedFixtures {
  document: FixtureDocument;
  /** How many records were left out, by the reason. */
  left: ReadonlyMap<string, number>;
}

/** A call with rounds of input has a record for each round. They are one call of the fixtures, in the place of the first. */
interface Waiting {
  readonly at: number;
  readonly rounds: { inputRequests: JsonObject }[];
}

type Made = { call: FixtureCall; asked: JsonObject | undefined } | { left: string };

function policyReason({ record }: FunctionDefinition): string | undefined {
  if (record === undefined || record.bodies === 'all') return undefined;
  return 'the record policy of the function keeps no results';
}

function madeOf(record: CallRecord, catalog: CatalogDefinition): Made {
  const { status, fault } = record;
  if (replayOf(record) !== undefined) return { left: 'it is a replay' };
  if (status === 'in_process') return { left: 'it still runs' };
  if (status === 'interrupted' || status === 'cancelled') return { left: `it was ${status}` };
  // Arguments that do not fit, and quotas: the daemon that serves the fixtures checks for itself.
  if (fault === 'protocol') return { left: 'it was refused before its function ran' };
  const definition = functionOfRecord(record, catalog);
  if (definition === undefined) return { left: 'its function is not in the catalog any more' };
  const policy = policyReason(definition);
  if (policy !== undefined) return { left: policy };
  const found = argumentsOfRecord(record, true);
  if ('missing' in found) return { left: found.missing };
  const made = resultOfRecord(record, definition);
  if ('missing' in made) return { left: made.missing };
  const args = redact(found.arguments, definition.record?.redact ?? []) as JsonObject;
  const { result } = made;
  const { error } = result;
  const request = requestOf(record, args);
  const time = record.time_spent === null ? {} : { time_ms: record.time_spent };
  if (record.mcp_type !== 'tool' && typeof error === 'string') return { call: { ...request, error, ...time }, asked: undefined };
  if (result['resultType'] !== 'input_required' && resultMistake(request.method, result) !== undefined)
    return { left: 'what was redacted leaves no result' };
  if (result['resultType'] !== 'input_required') return { call: { ...request, result, ...time }, asked: undefined };
  const { inputRequests } = result;
  return { call: request, asked: isObject(inputRequests) ? inputRequests : {} };
}

/** JSON paths by the names of functions, for those that have any. */
function redactOf({ functions }: CatalogDefinition): Record<string, readonly string[]> {
  return Object.fromEntries(
    functions.flatMap(({ name, record }) => (record === undefined || record.redact.length === 0 ? [] : [[name, record.redact]])),
  );
}

/**
 * Makes fixtures of records. What the record policies of the catalog keep out is not in them, even if it was recorded.
 *
 * @throws what reading the records throws
 */
export async function exportFixtures({ records, catalog, server = {} }: ExportFixturesOptions): Promise<ExportedFixtures> {
  const calls: (FixtureCall | undefined)[] = [];
  const left = new Map<string, number>();
  /** Calls that wait for an answer of their client, by caller and request. */
  const waiting = new Map<string, Waiting>();
  const leave = (why: string): void => void left.set(why, (left.get(why) ?? 0) + 1);

  for await (const record of records) {
    const made = madeOf(record, catalog);
    if ('left' in made) {
      leave(made.left);
      continue;
    }
    const { call, asked } = made;
    const key = canonicalJson([record.updated_by, record.client, call.method, call.params]);
    const open = waiting.get(key);
    if (asked !== undefined) {
      if (open !== undefined) open.rounds.push({ inputRequests: asked });
      else waiting.set(key, { at: calls.push(undefined) - 1, rounds: [{ inputRequests: asked }] });
    } else if (open === undefined) calls.push(call);
    else {
      waiting.delete(key);
      const { method, params, ...answer } = call;
      calls[open.at] = { method, params, rounds: open.rounds, ...answer };
    }
  }
  for (let count = waiting.size; count > 0; count -= 1) leave('it asked for input, and got no answer');
  const paths = redactOf(catalog);
  const document: FixtureDocument = {
    ...{ format: FIXTURE_FORMAT, version: FIXTURE_VERSION, catalog: fixtureCatalog(catalog, server) },
    ...(Object.keys(paths).length === 0 ? {} : { redact: paths }),
    calls: calls.filter((call) => call !== undefined),
  };
  return { document, left };
}
