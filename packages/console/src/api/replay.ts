/** Makes recorded calls again. */
import type { Json, JsonObject } from '../base/json.js';
import { query } from './graphql.js';
import { number, object, objects, text } from './read.js';
import type { Access } from './request.js';

/** One of the two calls of a replay. */
export interface ReplayedCall {
  /** The id of its record; undefined: it has none. */
  readonly id: string | undefined;
  readonly status: string;
  readonly fault: string | undefined;
  /** Milliseconds. */
  readonly timeSpent: number | undefined;
}

/** One difference of two results. */
export interface ResultDifference {
  readonly path: string;
  /** `added`, `removed` or `changed`. */
  readonly kind: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** A call that was made again. */
export interface Replay {
  readonly same: boolean;
  readonly note: string | undefined;
  readonly differences: readonly ResultDifference[];
  readonly before: ReplayedCall;
  readonly after: ReplayedCall;
}

const SIDE = `mcpFunctionCallUuid status fault timeSpentMs`;
const REPLAY = `mutation Replay($id: String!, $force: Boolean, $ignore: [String!]) {
  replayFunctionCall(mcpFunctionCallUuid: $id, force: $force, ignore: $ignore) {
    same note differences { path kind before after } before { ${SIDE} } after { ${SIDE} }
  }
}`;

const sideOf = (from: JsonObject): ReplayedCall => ({
  id: text(from, 'mcpFunctionCallUuid'),
  status: text(from, 'status') ?? '',
  fault: text(from, 'fault'),
  timeSpent: number(from, 'timeSpentMs'),
});

function differenceOf(from: JsonObject): ResultDifference {
  const kind = (text(from, 'kind') ?? '').toLowerCase();
  return {
    ...{ path: text(from, 'path') ?? '', kind },
    before: kind === 'added' ? undefined : (from['before'] ?? null),
    after: kind === 'removed' ? undefined : (from['after'] ?? null),
  };
}

/**
 * Makes a recorded call again, on what the partition serves now.
 *
 * @param ignore JSON paths, or names of members, that are not compared
 * @throws Failure, also with the reason why it cannot be replayed
 */
export async function replayCall(
  access: Access,
  id: string,
  { force, ignore }: { force: boolean; ignore: readonly string[] },
): Promise<Replay> {
  const from = object(await query(access, REPLAY, { id, force, ignore }), 'replayFunctionCall');
  return {
    same: from['same'] === true,
    note: text(from, 'note'),
    differences: objects(from, 'differences').map(differenceOf),
    before: sideOf(object(from, 'before')),
    after: sideOf(object(from, 'after')),
  };
}
