/**
 * A stand-in for the GraphQL API, with the answers that the console asks for: the records are those of a real store, revisions are kept
 * in a list. Each text that a user or a tool can store is hostile.
 */
import type { CallRecord, Store } from '@mcp-daemon/core';

type Answer = Record<string, unknown>;

/** Markup, a script, control characters and a mark that reverses the direction of writing. */
export const HOSTILE = `<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u0007\u202ejavascript:`;

interface Revision {
  readonly id: string;
  readonly revision: string;
  readonly action: string;
  readonly note: string | null;
}

const iso = (at: number): string => new Date(at).toISOString();

const recordOf = (record: CallRecord): Answer => ({
  mcpFunctionCallUuid: record.mcp_function_call_uuid,
  ...{ name: record.name, mcpType: record.mcp_type, status: record.status, fault: record.fault },
  ...{ updatedBy: record.updated_by, client: record.client, timeSpentMs: record.time_spent, notes: record.notes },
  ...{ createdAt: iso(record.created_at), updatedAt: iso(record.updated_at), partitionKey: record.partition_key },
  ...{ arguments: JSON.parse(record.arguments ?? 'null'), argumentsState: 'KEPT', content: record.content },
  ...{ result: JSON.parse(record.content ?? 'null'), contentState: 'KEPT', contentInS3: false, revision: record.revision },
  ...{ traceparent: record.traceparent, server: HOSTILE, mcpFunction: { name: record.name } },
});

function counted(records: readonly CallRecord[]): Answer {
  const times = records.map((record) => record.time_spent ?? 0).sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor((times.length - 1) * share)] ?? 0;
  const tool = records.filter(({ status }) => status === 'failed').length;
  return {
    calls: records.length,
    failed: { transport: 0, protocol: 0, tool, unknown: 0 },
    timedOut: 0,
    timeSpent: times.length === 0 ? null : { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) },
  };
}

/** Groups records by a key. */
function grouped(records: readonly CallRecord[], keyOf: (record: CallRecord) => string): Map<string, CallRecord[]> {
  const groups = new Map<string, CallRecord[]>();
  for (const record of records) groups.set(keyOf(record), [...(groups.get(keyOf(record)) ?? []), record]);
  return groups;
}

function hourOf({ updated_at }: CallRecord): string {
  const time = new Date(updated_at);
  time.setMinutes(0, 0, 0);
  return time.toISOString();
}

const CHANGES = [
  { kind: 'changed', name: HOSTILE, path: `$.tools.${HOSTILE}.description`, before: HOSTILE, after: HOSTILE, breaking: HOSTILE },
];

/** @returns answers by the name of an operation */
export function standIn(store: Store): (operation: string, variables: Record<string, unknown>) => Promise<Answer> {
  const history: Revision[] = [];
  const add = (action: string, revision: string, note: string | null): void =>
    void history.unshift({ id: `019a0000-0000-7000-8000-00000000000${history.length}`, revision, action, note });
  add('apply', 'a'.repeat(64), HOSTILE);

  const shown = (entry: Revision, at: number): Answer => ({
    ...entry,
    ...{ parent: history[at + 1]?.id ?? null, author: HOSTILE, source: HOSTILE, createdAt: iso(Date.now()), functions: 1 },
    ...{ isServed: at === 0, config: { description: HOSTILE } },
  });
  const plan = { base: null, unchanged: false, functions: 1, changes: CHANGES, breaking: CHANGES, settings: [], badRows: [] };
  const find = (name: unknown): number => history.findIndex(({ id, revision }) => id === name || revision === name);

  async function statistics(by: unknown): Promise<Answer> {
    const { items } = await store.calls.list('default', { limit: 1_000 });
    const byHour = by === 'HOUR' || by === 'DAY';
    const groups = grouped(items, byHour ? hourOf : by === 'SUBJECT' ? (one) => one.updated_by : (one) => one.name);
    const listed = [...groups].map(([key, records]) => ({ key, start: byHour ? key : null, ...counted(records) }));
    return { callStatistics: { groups: listed, total: counted(items), omitted: 0, readSince: null } };
  }

  return async (operation, variables) => {
    switch (operation) {
      case 'Calls': {
        const { items } = await store.calls.list('default', { limit: 50 });
        const list = items.map(recordOf);
        return { mcpFunctionCallList: { total: list.length, totalIsExact: true, hasNextPage: false, mcpFunctionCallList: list } };
      }
      case 'Call': {
        const record = await store.calls.get('default', String(variables['id']));
        return { mcpFunctionCall: record === undefined ? null : recordOf(record) };
      }
      case 'Statistics':
        return statistics(variables['by']);
      case 'Code':
        return { mcpFunction: { moduleName: HOSTILE, className: HOSTILE, functionName: HOSTILE, link: { record: HOSTILE } } };
      case 'Revisions':
        return {
          catalog: {
            origin: 'REVISIONS',
            revision: history[0]?.revision,
            functions: 1,
            badRows: [{ row: HOSTILE, reason: HOSTILE }],
            changedRows: [],
          },
          revisions: { hasNextPage: false, endCursor: null, revisionList: history.map(shown) },
        };
      case 'Revision': {
        const at = find(variables['id']);
        return { revision: at === -1 ? null : shown(history[at]!, at) };
      }
      case 'Served':
        return { catalog: { revision: history[0]?.revision } };
      case 'Diff':
        return { diff: CHANGES };
      case 'Plan':
        return { plan: { ...plan, revision: 'b'.repeat(64) } };
      case 'Apply':
        if (variables['allowBreaking'] !== true) throw new Error('breaking changes were not allowed');
        add('apply', 'b'.repeat(64), String(variables['note'] ?? ''));
        return { applyConfig: { entry: shown(history[0]!, 0), rowsUpToDate: true } };
      case 'Rollback':
        add('rollback', history[find(variables['revision'])]!.revision, null);
        return { rollback: { entry: shown(history[0]!, 0), rowsUpToDate: true } };
      case 'Settings': {
        const setting = {
          settingId: HOSTILE,
          setting: { [HOSTILE]: HOSTILE },
          classes: [HOSTILE],
          updatedBy: HOSTILE,
          updatedAt: null,
        };
        return { mcpSettingList: { hasNextPage: false, endCursor: null, mcpSettingList: [setting] } };
      }
      case 'Partitions':
        return { partitions: { partitionList: [{ partitionKey: 'alpha' }] } };
      case 'Sessions':
        return { sessions: [{ id: '1', subject: HOSTILE, client: HOSTILE, transport: 'streamable-http' }] };
      case 'Health': {
        const counts = { hits: 1, stale: 0, misses: 1, failures: 0, entries: 1 };
        const counters = { written: 1, waiting: 0, lost: 0, running: 0, connections: 1 };
        return {
          daemon: { version: '1', store: 'memory', storeProblem: HOSTILE, counters },
          cache: { isCached: true, functions: 1, ageMs: 5, catalogs: counts, reads: counts },
        };
      }
      default:
        throw new Error(`the console asks for ${operation}, which the stand-in does not know`);
    }
  };
}
