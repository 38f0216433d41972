/** The catalog's history: what was served when, what changed, and going back. */
import type { Json, JsonObject } from '../base/json.js';
import { query } from './graphql.js';
import type { Page } from './read.js';
import { number, object, objects, page, text, time } from './read.js';
import type { Access } from './request.js';

/** An entry of the history. */
export interface Revision {
  readonly id: string;
  readonly parent: string | undefined;
  /** The digest. */
  readonly revision: string;
  /** `apply`, `rollback`, `edit` or `adopt`. */
  readonly action: string;
  readonly author: string;
  readonly note: string | undefined;
  readonly source: string | undefined;
  /** Milliseconds since 1970. */
  readonly createdAt: number | undefined;
  readonly functions: number;
  readonly isServed: boolean;
}

/** One change between two catalogs. */
export interface Change {
  /** `added`, `removed` or `changed`. */
  readonly kind: string;
  readonly name: string | undefined;
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  /** Why callers may fail; undefined: they do not. */
  readonly breaking: string | undefined;
}

/** Where the catalog comes from, and what is wrong with it. */
export interface CatalogState {
  /** `FILE`, `ROWS`, `REVISIONS` or `NONE`. */
  readonly origin: string;
  readonly revision: string | undefined;
  readonly functions: number;
  readonly badRows: readonly { readonly row: string; readonly reason: string }[];
  readonly changedRows: readonly { readonly row: string; readonly kind: string }[];
}

/** What a config would change. */
export interface Plan {
  readonly base: string | null;
  readonly revision: string;
  readonly unchanged: boolean;
  readonly functions: number;
  readonly changes: readonly Change[];
  readonly breaking: readonly Change[];
  readonly settings: readonly { readonly id: string; readonly kind: string }[];
  readonly badRows: readonly { readonly row: string; readonly reason: string }[];
}

const REVISION = 'id parent revision action author note source createdAt functions isServed';
const CHANGE = 'kind name path before after breaking';
const PLAN = `base revision unchanged functions changes { ${CHANGE} } breaking { ${CHANGE} } settings { settingId kind } badRows { row reason }`;

const HISTORY = `query Revisions($after: String) {
  catalog { origin revision functions badRows { row reason } changedRows { row kind } }
  revisions(first: 50, after: $after) { hasNextPage endCursor revisionList { ${REVISION} } }
}`;
const SERVED = `query Served { catalog { revision } }`;
const ONE = `query Revision($id: String!) { revision(id: $id) { ${REVISION} config } }`;
const DIFF = `query Diff($from: String!, $to: String) { diff(from: $from, to: $to) { ${CHANGE} } }`;
const PLANNED = `query Plan($configText: String, $merge: Boolean) { plan(configText: $configText, merge: $merge) { ${PLAN} } }`;
const APPLY = `mutation Apply($configText: String, $merge: Boolean, $allowBreaking: Boolean, $parent: String, $note: String) {
  applyConfig(configText: $configText, merge: $merge, allowBreaking: $allowBreaking, parent: $parent, note: $note) {
    entry { ${REVISION} } rowsUpToDate
  }
}`;
const ROLLBACK = `mutation Rollback($revision: String!, $note: String) {
  rollback(revision: $revision, note: $note) { entry { ${REVISION} } rowsUpToDate }
}`;

const revisionOf = (from: JsonObject): Revision => ({
  id: text(from, 'id') ?? '',
  parent: text(from, 'parent'),
  revision: text(from, 'revision') ?? '',
  action: text(from, 'action') ?? '',
  author: text(from, 'author') ?? '',
  note: text(from, 'note'),
  source: text(from, 'source'),
  createdAt: time(from, 'createdAt'),
  functions: number(from, 'functions') ?? 0,
  isServed: from['isServed'] === true,
});

const changeOf = (from: JsonObject): Change => ({
  kind: text(from, 'kind') ?? '',
  name: text(from, 'name'),
  path: text(from, 'path') ?? '',
  before: from['before'] ?? undefined,
  after: from['after'] ?? undefined,
  breaking: text(from, 'breaking'),
});

const badRowsOf = (from: JsonObject): CatalogState['badRows'] =>
  objects(from, 'badRows').map((row) => ({ row: text(row, 'row') ?? '', reason: text(row, 'reason') ?? '' }));

/** A page of the history, and what is served now. */
export async function listRevisions(
  access: Access,
  after: string | undefined,
  signal: AbortSignal,
): Promise<Page<Revision> & { readonly catalog: CatalogState }> {
  const data = await query(access, HISTORY, after === undefined ? {} : { after }, signal);
  const catalog = object(data, 'catalog');
  return {
    ...page(object(data, 'revisions'), 'revisionList', revisionOf),
    catalog: {
      origin: text(catalog, 'origin') ?? 'NONE',
      revision: text(catalog, 'revision'),
      functions: number(catalog, 'functions') ?? 0,
      badRows: badRowsOf(catalog),
      changedRows: objects(catalog, 'changedRows').map((row) => ({ row: text(row, 'row') ?? '', kind: text(row, 'kind') ?? '' })),
    },
  };
}

/** One entry of the history, with its config; undefined: there is none. */
export async function readRevision(
  access: Access,
  id: string,
  signal: AbortSignal,
): Promise<{ readonly entry: Revision; readonly config: Json | undefined } | undefined> {
  const found = object(await query(access, ONE, { id }, signal), 'revision');
  return text(found, 'id') === undefined ? undefined : { entry: revisionOf(found), config: found['config'] };
}

/** What changed between two revisions. @param to undefined: the revision that is served */
export async function readDiff(access: Access, from: string, to: string | undefined, signal: AbortSignal): Promise<Change[]> {
  const data = await query(access, DIFF, to === undefined ? { from } : { from, to }, signal);
  return objects(data, 'diff').map(changeOf);
}

/** What a roll-back would change: from what is served to an older revision. */
export async function readWayBack(access: Access, id: string, signal: AbortSignal): Promise<Change[]> {
  const served = text(object(await query(access, SERVED, {}, signal), 'catalog'), 'revision');
  return served === undefined ? [] : readDiff(access, served, id, signal);
}

/** What a config would change. @throws Failure, with the mistakes of the config */
export async function planConfig(access: Access, configText: string, merge: boolean): Promise<Plan> {
  const plan = object(await query(access, PLANNED, { configText, merge }), 'plan');
  return {
    base: text(plan, 'base') ?? null,
    revision: text(plan, 'revision') ?? '',
    unchanged: plan['unchanged'] === true,
    functions: number(plan, 'functions') ?? 0,
    changes: objects(plan, 'changes').map(changeOf),
    breaking: objects(plan, 'breaking').map(changeOf),
    settings: objects(plan, 'settings').map((one) => ({ id: text(one, 'settingId') ?? '', kind: text(one, 'kind') ?? '' })),
    badRows: badRowsOf(plan),
  };
}

const entryOf = (result: JsonObject): Revision | undefined => {
  const entry = object(result, 'entry');
  return text(entry, 'id') === undefined ? undefined : revisionOf(entry);
};

/** Applies a config as it was planned: refused if the partition has changed since. @returns the new entry; undefined: nothing changed */
export async function applyConfig(
  access: Access,
  configText: string,
  options: { merge: boolean; allowBreaking: boolean; parent: string | null; note: string },
): Promise<Revision | undefined> {
  const { note, ...rest } = options;
  const variables = { configText, ...rest, ...(note === '' ? {} : { note }) };
  return entryOf(object(await query(access, APPLY, variables), 'applyConfig'));
}

/** Serves an older revision again. @returns the new entry; undefined: it is served already */
export async function rollBack(access: Access, revision: string, note: string): Promise<Revision | undefined> {
  return entryOf(object(await query(access, ROLLBACK, { revision, ...(note === '' ? {} : { note }) }), 'rollback'));
}
