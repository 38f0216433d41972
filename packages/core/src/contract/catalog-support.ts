/** What the checks of a {@link CatalogStore} are made of: example commits and rows. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import type { Awaitable } from '../base/awaitable.js';
import { uuidv7 } from '../base/uuid.js';
import type { CatalogStore, Commit, HistoryEntry } from '../ports/catalog-store.js';
import type { Page, PageQuery } from '../ports/page.js';
import type { FunctionRow, ModuleRow } from '../ports/rows.js';

/** A store of catalogs under test. */
export interface CatalogStoreFixture {
  catalogs: CatalogStore;
  /** The same data, as another process reaches it. Without: `catalogs` itself. */
  other?: CatalogStore;
  /** Ends the use of both. */
  close(): Awaitable<void>;
}

/** One check of a store of catalogs. */
export interface CatalogStoreCheck {
  /** What holds, in words. */
  name: string;
  /**
   * Runs the check on a new store, which it closes.
   *
   * @param open opens a store without partitions
   * @throws AssertionError if the store does not do what `name` says
   */
  run(open: () => Awaitable<CatalogStoreFixture>): Promise<void>;
}

/** A check of one store, which it closes. */
export function check(name: string, body: (fixture: Required<CatalogStoreFixture>) => Promise<void>): CatalogStoreCheck {
  return {
    name,
    async run(open) {
      const { catalogs, other = catalogs, close } = await open();
      try {
        await body({ catalogs, other, close });
      } finally {
        await close();
      }
    },
  };
}

/** A commit of a text. The entry's members may be changed. */
export function exampleCommit(parent: string | null, text: string, changes: Partial<HistoryEntry> = {}): Required<Commit> {
  const entry: HistoryEntry = {
    id: uuidv7(),
    parent,
    revision: createHash('sha256').update(text, 'utf8').digest('hex'),
    action: 'apply',
    author: 'ada',
    note: 'a note',
    source: 'mcp.json',
    created_at: 1_790_000_000_000,
    functions: 3,
    ...changes,
  };
  return { entry, text };
}

/** Commits a text. @returns its entry. @throws AssertionError if another commit came first */
export async function committed(
  catalogs: CatalogStore,
  partition: string,
  parent: string | null,
  text: string,
  changes?: Partial<HistoryEntry>,
): Promise<HistoryEntry> {
  const commit = exampleCommit(parent, text, changes);
  const head = await catalogs.commit(partition, commit);
  assert.equal(head?.entry, commit.entry.id, 'the commit was not made');
  return commit.entry;
}

const NEVER = { updated_by: null, created_at: null, updated_at: null };

/** The row of a tool with every member set. The times are what stores set. */
export function exampleFunctionRow(name: string, changes: Partial<FunctionRow> = {}): FunctionRow {
  return {
    name,
    mcp_type: 'tool',
    description: `The tool ${name}`,
    data: { inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
    annotations: { readOnlyHint: true },
    module_name: 'weather',
    class_name: 'Weather',
    function_name: 'forecast',
    return_type: 'text',
    is_async: false,
    ...NEVER,
    ...changes,
  };
}

/** The row of a module with every member set. */
export function exampleModuleRow(module_name: string, changes: Partial<ModuleRow> = {}): ModuleRow {
  return {
    module_name,
    package_name: 'weather-package',
    classes: [{ class_name: 'Weather', setting_id: 'weather.Weather-0123456789ab' }],
    source: 'zip',
    sha256: 'ab'.repeat(32),
    isolation: 'process',
    ...NEVER,
    ...changes,
  };
}

/** Names of partitions that are easily confused, or hard to store. */
export const ODD_PARTITIONS = [
  'a',
  'A',
  'a#b',
  'a##b',
  'a#',
  'a b',
  ' a',
  'a/b',
  "it's",
  '"quoted"',
  'é',
  'e\u0301',
  '日本',
  '｡',
  '😀',
  '__proto__',
  'a%',
  'a_',
  '..',
  'x'.repeat(255),
];

/** All pages of a list: follows cursors to the end. */
export async function allPages<T>(list: (query: PageQuery) => Awaitable<Page<T>>, limit: number): Promise<T[][]> {
  const pages: T[][] = [];
  let cursor: string | undefined;
  do {
    const page = await list(cursor === undefined ? { limit } : { limit, cursor });
    pages.push(page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return pages;
}
