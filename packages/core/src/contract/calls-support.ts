/** Helpers of the checks of a {@link Store}: example records and assertions. */
import assert from 'node:assert/strict';

import type { Awaitable } from '../base/awaitable.js';
import { uuidv7 } from '../base/uuid.js';
import type { CallQuery, CallRecord, CallStore, Store } from '../ports/calls.js';
import type { ErrorCode } from '../protocol/errors.js';

/** One check. */
export interface ContractCheck {
  /** The requirement, as a sentence. */
  name: string;
  /**
   * Runs the check on a new store, which it closes.
   *
   * @param open opens a store without records.
   * @throws AssertionError if the store does not do what `name` says
   */
  run(open: () => Awaitable<Store>): Promise<void>;
}

/** A settled record with every member set. `changes` overrides members. */
export function exampleRecord(changes: Partial<CallRecord> = {}): CallRecord {
  return {
    partition_key: 'default',
    mcp_function_call_uuid: uuidv7(),
    name: 'weather',
    mcp_type: 'tool',
    arguments: '{"city":"Zürich"}',
    content: '{"content":[{"type":"text","text":"it\'s 12 °C ☀️"}]}',
    content_in_s3: false,
    status: 'completed',
    notes: 'a "note", with\nmore than one line',
    time_spent: 12.345,
    updated_by: 'ada',
    created_at: 1_790_000_000_000,
    updated_at: 1_790_000_000_013,
    fault: 'tool',
    revision: 'r1',
    bundle_digest: 'sha256:00',
    owner: '01900000-0000-7000-8000-000000000000',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    server: 'forecasts',
    client: 'claude-ai/1.2.0',
    client_id: 'https://claude.example/oauth/client.json',
    ...changes,
  };
}

/**
 * Copies a value as plain data of this realm. Test runners may use another realm, and objects of another realm have other
 * prototypes.
 */
const plain = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

/** @throws AssertionError if two values differ as plain data */
export function same(actual: unknown, expected: unknown, message?: string): void {
  assert.deepEqual(plain(actual), plain(expected), message);
}

/** The uuids of records, in their order. */
export const uuids = (rows: readonly CallRecord[]): string[] => rows.map((row) => row.mcp_function_call_uuid);

/** `count` records. Each is created a millisecond after the previous one. */
export const series = (count: number, change: (index: number) => Partial<CallRecord> = () => ({})): CallRecord[] =>
  Array.from({ length: count }, (_, index) => {
    const time = 1_790_000_000_000 + index;
    return exampleRecord({ created_at: time, updated_at: time + 1_000, ...change(index) });
  });

/** @throws AssertionError if an action does not fail with this code */
export async function throws(code: ErrorCode, action: () => unknown): Promise<void> {
  await assert.rejects(async () => void (await action()), { name: 'DaemonError', code });
}

/** All pages of a list: follows cursors to the end. */
export async function readAll(calls: CallStore, partition: string, query: CallQuery): Promise<CallRecord[][]> {
  const pages: CallRecord[][] = [];
  let cursor: string | undefined;
  do {
    const page = await calls.list(partition, cursor === undefined ? query : { ...query, cursor });
    pages.push(page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return pages;
}

/** A check of one store, which it closes. */
export function check(name: string, body: (store: Store) => Promise<void>): ContractCheck {
  return {
    name,
    async run(open) {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    },
  };
}
