/**
 * Keeps the record of every call, and never makes a call fail.
 *
 * Writes are grouped by turn of the event loop, and an answer waits for the commit of its group. A function starts only after its
 * `in_process` row is committed, because its effects may survive a crash of this process. There is one exception: if the last
 * call of a function ended in the same turn, the function starts at once, and its call is usually written once, as one row. If it
 * takes longer this time, its `in_process` row is written when the turn ends. While the store cannot be written, rows wait in a
 * bounded queue; functions run and answers are sent, because a full disk must not stop the daemon.
 */
import { uuidv7 } from '../base/uuid.js';
import type { CallFault, CallRecord, CallStatus, McpType, Store } from '../ports/calls.js';
import type { FunctionDefinition } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import { DaemonError } from '../protocol/errors.js';
import type { RequestContext } from '../protocol/exchange.js';
import { traceparentOf } from '../protocol/trace-context.js';
import { createBacklog } from './backlog.js';
import { boundedBody, recordedArguments } from './body.js';
import { createStoreCheck } from './check.js';
import { createClientName, recordedClientId } from './client-name.js';
import { withPrinted } from './printed.js';
import { release } from './release.js';
import type { RetentionOptions } from './upkeep.js';
import { createUpkeep } from './upkeep.js';

/** The record of one running call. `row` is undefined if the record policy is `none`. */
export interface Ticket {
  readonly callId: string;
  readonly definition: FunctionDefinition;
  readonly row: CallRecord | undefined;
  readonly startedAt: number;
  /** Whether an `in_process` row was written. */
  open: boolean;
  settled: boolean;
  /** What the function printed; see printed.ts. */
  printed: string;
}

/** The end of a call, for its record. */
export interface Settlement {
  status: Exclude<CallStatus, 'in_process' | 'interrupted'>;
  fault: CallFault | null;
  notes: string | null;
  /** The result's JSON text, if there is a result. */
  content: string | null;
}

/** Counts since the start. */
export interface RecorderStats {
  written: number;
  /** Number of rows that wait because the store cannot be written. */
  waiting: number;
  /** Number of rows that will never be written, or that were removed from outside while this process used their file. */
  lost: number;
}

/** Keeps records. */
export interface Recorder {
  /** @param id the id of the call. Default: a new one */
  begin(of: FunctionDefinition, type: McpType, input: unknown, request: RequestContext, revision: string, id?: string): Ticket;
  /** What the function must wait for before it starts; undefined: nothing. */
  intent(ticket: Ticket): Promise<void> | undefined;
  /** The function starts. `digest` is the digest of its code, if it has one. */
  started(ticket: Ticket, digest: string | null): void;
  /** Resolves (or returns) when the record is committed, or when it must wait because the store cannot be written. */
  settle(ticket: Ticket, settlement: Settlement): Promise<void> | undefined;
  stats(): RecorderStats;
  /**
   * Checks that the store can be used: opens it if it is not open, and reads.
   *
   * @throws DaemonError `store_failed`, `store_busy` or `closed`; also while records wait
   */
  check(): Promise<void>;
  /** Writes the waiting rows. Rows that cannot be written are counted as lost, and logged. */
  close(): Promise<void>;
}

/** What {@link createRecorder} takes. */
export interface RecorderOptions {
  /** Opens the store. Called once, at the first use. */
  open: () => Store | Promise<Store>;
  logger: Logger;
  maxQueued: number;
  /**
   * Maximum size in bytes of recorded arguments, and of a recorded result. Of larger ones the beginning, the size and the digest
   * are kept. Default 1 MB.
   */
  maxBodyBytes?: number;
  /** How much to keep. Default: 30 days, 100,000 records of a partition, 1 GB. */
  retention?: RetentionOptions;
  /** Name of the server, for `CallRecord.server`. Default: null. */
  server?: string;
}

const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 30_000];

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Creates a recorder. The store is opened at the first record. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { logger, maxQueued, retention, maxBodyBytes = 1_000_000, server = null } = options;

  let store: Store | undefined;
  let opening: Promise<Store> | undefined;
  let group: Ticket[] = [];
  let committed: { promise: Promise<void>; resolve: () => void } | undefined;
  /** Starts the functions that wait for the group of this turn. */
  let starts: (() => void)[] = [];
  let writing: Promise<void> | undefined;
  const backlog = createBacklog(maxQueued);
  let failures = 0;
  /** Whether the failure is already logged. Reset when the store is written again. */
  let bodiesDropped = false;
  let retry: NodeJS.Timeout | undefined;
  /** Functions whose last call ended in the turn in which it started. */
  const quick = new WeakSet<FunctionDefinition>();
  let written = 0;
  let lost = 0;
  let closed = false;
  const clientName = createClientName();
  const upkeep = createUpkeep({ store: () => store, logger, ...(retention === undefined ? {} : { retention }) });
  const check = createStoreCheck({ ready, waiting: () => backlog.size });

  async function open(): Promise<Store> {
    const opened = await options.open();
    store = opened;
    upkeep.begin();
    return opened;
  }

  function ready(): Store | Promise<Store> {
    if (store !== undefined) return store;
    opening ??= open().finally(() => (opening = undefined));
    return opening;
  }

  /** Counts lost records. It logs the first and then every thousandth, so that a full disk does not fill the log, too. */
  function lose(count: number): void {
    if (count === 0) return;
    const before = lost;
    lost += count;
    if (before === 0 || closed || Math.floor(before / 1_000) < Math.floor(lost / 1_000)) {
      logger.error(
        { lost },
        `${lost === 1 ? '1 call record was' : `${lost} call records were`} lost: the store cannot be written`,
      );
    }
  }

  /** Adds rows to the backlog. */
  function queue(rows: readonly CallRecord[]): void {
    const dropped = backlog.add(rows);
    if (dropped.bodies > 0 && !bodiesDropped) {
      bodiesDropped = true;
      logger.warn({}, 'waiting call records lose their arguments and results: there are too many to keep in memory');
    }
    lose(dropped.rows);
  }

  /** Retries the store later. The pause gets longer each time. */
  function postpone(rows: readonly CallRecord[], error: unknown): void {
    if (closed) {
      lose(rows.length);
      return;
    }
    queue(rows);
    if (failures === 0)
      logger.error({ error: message(error) }, 'call records cannot be written now; calls still run, and their records wait');
    const delay = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
    failures += 1;
    retry ??= setTimeout(() => {
      retry = undefined;
      // One write at a time: an older row must not replace a newer one.
      writing = writing === undefined ? commit([]) : writing.then(() => commit([]));
    }, delay);
    retry.unref();
  }

  /** Writes the waiting rows, then these rows. Never rejects. */
  function commit(rows: readonly CallRecord[]): Promise<void> | undefined {
    const all = backlog.size === 0 ? rows : [...backlog.rows(), ...rows];
    if (all.length === 0) return undefined;
    const done = (): void => {
      written += all.length;
      backlog.written(all);
      if (failures > 0) logger.info({ rows: all.length, lost }, 'call records are written again');
      failures = 0;
      bodiesDropped = false;
    };
    try {
      const opened = ready();
      const result = opened instanceof Promise ? opened.then((ready) => write(ready, all)) : write(opened, all);
      // Accept any thenable: an adapter's promise may come from another library or realm.
      if (result !== undefined) return Promise.resolve(result).then(done, (error: unknown) => postpone(rows, error));
      done();
    } catch (error) {
      postpone(rows, error);
    }
    return undefined;
  }

  function write(to: Store, rows: readonly CallRecord[]): void | Promise<void> {
    for (const row of rows) {
      row.owner = to.owner;
      upkeep.wrote(row.partition_key, (row.arguments?.length ?? 0) + (row.content?.length ?? 0));
    }
    return to.calls.write(rows);
  }

  /** Writes the group of this turn. */
  function flush(): void {
    const tickets = group;
    const waiters = committed;
    const starting = starts;
    group = [];
    committed = undefined;
    starts = [];
    const goOn = (): void => {
      waiters?.resolve();
      release(starting);
    };
    const rows: CallRecord[] = [];
    for (const ticket of tickets) {
      if (ticket.row === undefined) continue;
      rows.push(ticket.settled ? ticket.row : { ...ticket.row });
      ticket.open = !ticket.settled;
      if (ticket.open) quick.delete(ticket.definition);
    }
    // While the store cannot be written, calls do not wait for it.
    if (failures > 0 && retry !== undefined) {
      queue(rows);
      goOn();
      return;
    }
    const before = writing;
    const result = before === undefined ? commit(rows) : before.then(() => commit(rows));
    if (result === undefined) {
      goOn();
      return;
    }
    const current: Promise<void> = result.then(() => {
      goOn();
      if (writing === current) writing = undefined;
    });
    writing = current;
  }

  function join(ticket: Ticket): void {
    if (group.push(ticket) === 1) setImmediate(flush);
  }

  /** Resolves when the group of this turn is written. */
  function groupCommitted(): Promise<void> {
    if (committed === undefined) {
      let resolve = (): void => undefined;
      const promise = new Promise<void>((fulfil) => (resolve = fulfil));
      committed = { promise, resolve };
    }
    return committed.promise;
  }

  return {
    begin(definition, type, input, request, revision, callId = uuidv7()) {
      const now = Date.now();
      const startedAt = performance.now();
      if (definition.record?.bodies === 'none')
        return { callId, definition, row: undefined, startedAt, open: false, settled: false, printed: '' };
      const row: CallRecord = {
        partition_key: request.exchange.partition,
        mcp_function_call_uuid: callId,
        name: definition.name,
        mcp_type: type,
        arguments: boundedBody(recordedArguments(definition, input), maxBodyBytes),
        content: null,
        content_in_s3: false,
        status: 'in_process',
        notes: null,
        time_spent: null,
        updated_by: request.exchange.subject,
        created_at: now,
        updated_at: now,
        fault: null,
        revision,
        bundle_digest: null,
        owner: '',
        traceparent: traceparentOf(request.meta, request.exchange) ?? null,
        server,
        client: clientName(request.caller.client),
        client_id: recordedClientId(request.exchange),
      };
      const ticket: Ticket = { callId, definition, row, startedAt, open: false, settled: false, printed: '' };
      join(ticket);
      return ticket;
    },

    intent(ticket) {
      if (ticket.row === undefined || quick.has(ticket.definition)) return undefined;
      return ticket.open ? writing : new Promise((resolve) => starts.push(resolve));
    },

    started(ticket, digest) {
      const { definition, row } = ticket;
      if (row === undefined) return;
      row.bundle_digest = digest;
      if (quick.has(definition)) return;
      setImmediate(() => {
        if (ticket.settled) quick.add(definition);
      });
    },

    settle(ticket, { status, fault, notes, content }) {
      const { row } = ticket;
      if (row === undefined || ticket.settled) return undefined;
      ticket.settled = true;
      row.status = status;
      row.fault = fault;
      row.notes = ticket.printed === '' ? notes : withPrinted(notes, ticket);
      row.content = boundedBody(content, maxBodyBytes);
      row.time_spent = Math.round((performance.now() - ticket.startedAt) * 1_000) / 1_000;
      row.updated_at = Date.now();
      if (ticket.open) join(ticket);
      return groupCommitted();
    },

    stats: () => ({ written, waiting: backlog.size, lost: lost + (store?.lost ?? 0) }),

    check: () => (closed ? Promise.reject(new DaemonError('closed', 'The store is closed.')) : check()),

    async close() {
      if (closed) return;
      if (group.length > 0) flush();
      await writing;
      clearTimeout(retry);
      retry = undefined;
      if (backlog.size > 0) await commit([]);
      clearTimeout(retry);
      closed = true;
      lose(backlog.clear());
      if (opening !== undefined) await opening.catch(() => undefined);
      await upkeep.end();
      try {
        await store?.close();
      } catch (error) {
        throw new DaemonError('store_failed', `the store could not be closed: ${message(error)}`, { cause: error });
      }
    },
  };
}
