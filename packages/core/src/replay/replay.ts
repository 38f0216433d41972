/**
 * Repeats a recorded call, and compares what comes of it with the record.
 *
 * The call goes the way of any other, so it has a record of its own; see records/replay-of.ts. The function gets the subject of the
 * recorded call, because its result may depend on who calls.
 */
import type { Difference, IgnoredPaths } from '../base/difference.js';
import { differences } from '../base/difference.js';
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { REDACTED } from '../base/json-path.js';
import type { Daemon } from '../daemon-api.js';
import type { CallFault, CallRecord, CallStatus } from '../ports/calls.js';
import type { CatalogDefinition, FunctionDefinition } from '../ports/definition.js';
import { DaemonError } from '../protocol/errors.js';
import type { Exchange } from '../protocol/exchange.js';
import type { JsonRpcResponse } from '../protocol/messages.js';
import { META } from '../protocol/messages.js';
import { MODERN_VERSIONS } from '../protocol/versions.js';
import { replayClient } from '../records/replay-of.js';
import type { CallRequest } from './recorded.js';
import { answersOfRecord, argumentsOfRecord, normalResult, requestOf, resultOfRecord } from './recorded.js';

/** What a replay needs of a daemon. */
export type ReplayDaemon = Pick<Daemon, 'handle' | 'catalogs' | 'events'>;

/** Further options of {@link replayCall}. */
export interface ReplayOptions {
  /** Whether functions that may change something are run, too. Default: only those with `readOnlyHint`, resources and prompts. */
  force?: boolean;
  /** The catalog that the call runs on, such as a revision of the partition. Default: what the partition serves. */
  catalog?: CatalogDefinition;
  /** What is not compared. */
  ignore?: IgnoredPaths;
  /** Cancels the call. */
  signal?: AbortSignal;
}

/** One of the two calls. */
export interface ReplaySide {
  /** The uuid of its record. Null: it has none. */
  callId: string | null;
  status: CallStatus;
  fault: CallFault | null;
  /** Milliseconds; null: not known. */
  timeSpent: number | null;
  /** Revision of the catalog. Empty: not known. */
  revision: string;
  /** The result in normal form, or `{ error }`. Null: it is not known. */
  result: JsonObject | null;
}

/** A replay, and what differs. */
export interface Replay {
  name: string;
  mcp_type: CallRecord['mcp_type'];
  partition: string;
  before: ReplaySide;
  after: ReplaySide;
  /** Whether the status is equal, and nothing differs in the results. */
  same: boolean;
  /** How the results differ, if both are known. */
  differences: Difference[];
  /** Why the results were not compared, or what to know about the difference. Null: nothing. */
  note: string | null;
}

const CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: {} } as const;
const NO_SIGNAL = new AbortController().signal;
const ASKS = 'the function asks for input, and the record has no answer to it';
/** Rounds of input of a replay. The daemon has a limit of its own; this one is for a function that asks the same without end. */
const MAX_ROUNDS = 20;

const refusal = ({ mcp_function_call_uuid: uuid, name }: CallRecord, why: string): DaemonError =>
  new DaemonError('not_replayable', `The call ${uuid} of "${name}" cannot be replayed: ${why}.`);

/** Whether running a function again changes nothing, as far as its author says. */
export const isReadOnly = ({ kind, annotations }: FunctionDefinition): boolean =>
  kind !== 'tool' || annotations?.['readOnlyHint'] === true;

/** The function of a record in a catalog. @returns undefined: there is none of its name and kind */
export const functionOfRecord = (
  { name, mcp_type: type }: Pick<CallRecord, 'name' | 'mcp_type'>,
  { functions }: CatalogDefinition,
): FunctionDefinition | undefined =>
  functions.find((one) => one.name === name && (one.kind === 'resource_template' ? 'resource' : one.kind) === type);

/**
 * The request that repeats a recorded call.
 *
 * @throws DaemonError `not_replayable`, with the reason
 */
export function replayRequest(
  record: CallRecord,
  catalog: CatalogDefinition,
  force: boolean,
): { request: CallRequest; definition: FunctionDefinition } {
  if (record.status === 'in_process') throw refusal(record, 'it still runs');
  const definition = functionOfRecord(record, catalog);
  if (definition === undefined) {
    const other = catalog.functions.find(({ name }) => name === record.name);
    const what = other === undefined ? `has no ${record.mcp_type} of this name` : `has a ${other.kind} of this name now`;
    throw refusal(record, `the catalog ${what}`);
  }
  if (!force && !isReadOnly(definition))
    throw refusal(record, 'the function may change something: it does not have the annotation readOnlyHint. Use force to run it');
  const found = argumentsOfRecord(record, false);
  if ('missing' in found) throw refusal(record, found.missing);
  return { request: requestOf(record, found.arguments), definition };
}

interface Ended {
  callId: string | null;
  status: CallStatus;
  fault: CallFault | null;
  timeSpent: number;
  answer: JsonRpcResponse | undefined;
}

/** What the request of the next round has besides: the recorded answers to what was asked. Undefined: there is no next round. */
function nextRound(answer: JsonRpcResponse | undefined, answers: JsonObject): JsonObject | undefined {
  if (answer === undefined || 'error' in answer) return undefined;
  const { resultType, inputRequests, requestState } = answer.result as JsonObject;
  if (resultType !== 'input_required' || !isObject(inputRequests)) return undefined;
  const names = Object.keys(inputRequests);
  if (names.length === 0 || !names.every((name) => Object.hasOwn(answers, name))) return undefined;
  const inputResponses = Object.fromEntries(names.map((name) => [name, answers[name]]));
  return requestState === undefined ? { inputResponses } : { inputResponses, requestState };
}

/** Makes the call, with the recorded answers where the function asks for them. Each round has a record; the last one counts. */
async function callWithAnswers(
  daemon: ReplayDaemon,
  record: CallRecord,
  request: CallRequest,
  options: Pick<ReplayOptions, 'catalog'> & { signal: AbortSignal },
): Promise<Ended> {
  const answers = answersOfRecord(record);
  let ended = await callAgain(daemon, record, request, options);
  for (let round = 1; round < MAX_ROUNDS; round += 1) {
    const more = nextRound(ended.answer, answers);
    if (more === undefined) break;
    ended = await callAgain(daemon, record, { ...request, params: { ...request.params, ...more } }, options);
  }
  return ended;
}

/** Makes the call, and learns how it ended from the events of the partition. */
async function callAgain(
  daemon: ReplayDaemon,
  record: CallRecord,
  request: CallRequest,
  { signal, catalog }: Pick<ReplayOptions, 'catalog'> & { signal: AbortSignal },
): Promise<Ended> {
  const { partition_key: partition, updated_by: subject, mcp_function_call_uuid: uuid } = record;
  let callId: string | null = null;
  let settled: Pick<Ended, 'status' | 'fault' | 'timeSpent'> | undefined;
  const following = daemon.events.follow(partition, ({ event }) => {
    if (event.type === 'call_settled' && event.callId === callId)
      settled = { status: event.status, fault: event.fault, timeSpent: event.time_spent };
  });
  const exchange: Exchange = {
    ...{ partition, subject, signal, notify: () => undefined, recorded: (id: string) => void (callId = id) },
    ...(catalog === undefined ? {} : { catalog }),
  };
  const meta = {
    [META.protocolVersion]: MODERN_VERSIONS[0],
    [META.clientCapabilities]: CAPABILITIES,
    [META.clientInfo]: replayClient(uuid),
  };
  const startedAt = performance.now();
  try {
    const message = { jsonrpc: '2.0', id: uuid, method: request.method, params: { ...request.params, _meta: meta } };
    const answer = await daemon.handle(message, exchange);
    if (settled !== undefined) return { callId, answer, ...settled };
    // The record policy is `none` now, or the request failed before it was a call.
    const failed = answer === undefined || 'error' in answer || (answer.result as JsonObject)['isError'] === true;
    const timeSpent = performance.now() - startedAt;
    return { callId, answer, status: failed ? 'failed' : 'completed', fault: failed ? 'tool' : null, timeSpent };
  } finally {
    following.end();
  }
}

function resultOfAnswer(
  answer: JsonRpcResponse | undefined,
  callId: string | null,
  definition: FunctionDefinition,
): JsonObject | null {
  if (answer === undefined) return null;
  if ('error' in answer) return { error: answer.error.message };
  return normalResult(JSON.stringify(answer.result), callId ?? undefined, definition) ?? null;
}

/** Results of clients before 2026-07-28 may lack structured content that newer clients get. It is not a difference. */
function alike(before: JsonObject, after: JsonObject): JsonObject {
  if (before['structuredContent'] !== undefined || after['structuredContent'] === undefined) return after;
  const { structuredContent: _, ...rest } = after;
  return rest;
}

function noteOn(before: { missing: string } | { result: JsonObject }, after: ReplaySide): string | null {
  if (after.result?.['resultType'] === 'input_required' && !('result' in before && before.result['resultType'] !== undefined))
    return ASKS;
  return 'missing' in before ? `only the status is compared: of the recorded call, ${before.missing}` : null;
}

/**
 * Compares two calls: their status, and their results where both are known. A value that was redacted in the first is not known,
 * so it differs from nothing.
 */
export function comparison(before: ReplaySide, after: ReplaySide, ignore?: IgnoredPaths): Pick<Replay, 'same' | 'differences'> {
  const found =
    before.result === null || after.result === null
      ? []
      : differences(before.result, alike(before.result, after.result), ignore === undefined ? {} : { ignore });
  const shown = found.filter((one) => one.before !== REDACTED);
  return { same: before.status === after.status && shown.length === 0, differences: shown };
}

/** What a partition serves. @throws DaemonError `invalid_request`, `internal_error` where the daemon does not serve the partition */
async function servedCatalog({ catalogs }: ReplayDaemon, partition: string): Promise<CatalogDefinition> {
  await catalogs.check(partition);
  return catalogs.status(partition)?.definition ?? { revision: '', functions: [] };
}

/**
 * Repeats a recorded call on what a daemon serves now, or on another catalog of the partition.
 *
 * @throws DaemonError `not_replayable` with the reason; `invalid_request`, `internal_error` where the daemon does not serve the partition
 */
export async function replayCall(daemon: ReplayDaemon, record: CallRecord, options: ReplayOptions = {}): Promise<Replay> {
  const { force = false, ignore, signal = NO_SIGNAL } = options;
  const { partition_key: partition, name, mcp_type, revision, status, fault, time_spent, mcp_function_call_uuid } = record;
  const catalog = options.catalog ?? (await servedCatalog(daemon, partition));
  const { request, definition } = replayRequest(record, catalog, force);
  const recorded = resultOfRecord(record, definition);
  const { answer, callId, ...ended } = await callWithAnswers(daemon, record, request, { ...options, signal });
  const result = 'result' in recorded ? recorded.result : null;
  const before: ReplaySide = { callId: mcp_function_call_uuid, status, fault, timeSpent: time_spent, revision, result };
  const after: ReplaySide = {
    ...{ callId, ...ended, revision: catalog.revision },
    result: resultOfAnswer(answer, callId, definition),
  };
  return { name, mcp_type, partition, before, after, ...comparison(before, after, ignore), note: noteOn(recorded, after) };
}
