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
const REPLAY = `mutation Replay($id: String!, $force: Boolean, $ignore: [String!], $revision: String, $bundle: String) {
  replayFunctionCall(mcpFunctionCallUuid: $id, force: $force, ignore: $ignore, revision: $revision, bundle: $bundle) {
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

/** How a call is made again. */
export interface ReplayChoice {
  /** Whether a function is run that may change something. */
  readonly force: boolean;
  /** JSON paths, or names of members, that are not compared. */
  readonly ignore: readonly string[];
  /** The revision that it runs on; undefined: what the partition serves now. */
  readonly revision: string | undefined;
  /** SHA-256 of the bundle that its code comes from; undefined: the one of the catalog. */
  readonly bundle: string | undefined;
}

/**
 * Makes a recorded call again.
 *
 * @throws Failure, also with the reason why it cannot be replayed
 */
export async function replayCall(access: Access, id: string, choice: ReplayChoice): Promise<Replay> {
  const { force, ignore, revision = null, bundle = null } = choice;
  const from = object(await query(access, REPLAY, { id, force, ignore, revision, bundle }), 'replayFunctionCall');
  return {
    same: from['same'] === true,
    note: text(from, 'note'),
    differences: objects(from, 'differences').map(differenceOf),
    before: sideOf(object(from, 'before')),
    after: sideOf(object(from, 'after')),
  };
}
