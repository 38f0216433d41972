/**
 * A daemon: all rooms, wired. It owns start and close, and is otherwise a function from messages to messages.
 */
import type { Awaitable } from './base/awaitable.js';
import { closeAll } from './base/close-all.js';
import { createCalls } from './call/call.js';
import { createExecutor } from './call/executor.js';
import { createLinker } from './call/linker.js';
import type { CatalogCache } from './catalog/cached.js';
import { createCatalog } from './catalog/catalog.js';
import { sourceOf } from './catalog/source-of.js';
import type { EventBus } from './events/bus.js';
import { createEventBus } from './events/bus.js';
import { publishCatalogChange, publishCodeChange } from './events/catalog-events.js';
import { createSubscriptionIndex } from './events/subscription-index.js';
import { createListeners } from './events/subscriptions.js';
import { createInputAsker } from './input/asker.js';
import { createStateSealer } from './input/state.js';
import { createMemoryStore } from './memory/store.js';
import type { Store, StoreStats } from './ports/calls.js';
import type { CatalogSource } from './ports/catalogs.js';
import type { CatalogDefinition, LinkBinding } from './ports/definition.js';
import type { Logger } from './ports/logger.js';
import type { ModuleSource } from './ports/modules.js';
import type { Runner } from './ports/runner.js';
import { DaemonError } from './protocol/errors.js';
import type { Exchange } from './protocol/exchange.js';
import type { Limits } from './protocol/limits.js';
import { MAX_TIMER_MS, withDefaults } from './protocol/limits.js';
import type { Implementation, JsonRpcResponse, Transport } from './protocol/messages.js';
import { refusalOf } from './protocol/refusal.js';
import { SMALL_MESSAGE_BYTES } from './protocol/scan.js';
import { createServerInfo } from './protocol/server-info.js';
import type { RecorderStats } from './records/recorder.js';
import { createRecorder } from './records/recorder.js';
import type { RetentionOptions } from './records/upkeep.js';
import { createInProcessRunner } from './runner/in-process.js';
import { createByteBudget } from './session/byte-budget.js';
import type { DeclaredCapabilities } from './session/declaration.js';
import { createDeclarations } from './session/declaration.js';
import { createDispatcher } from './session/dispatcher.js';
import { createMethods } from './session/methods.js';
import type { Peer } from './session/peer.js';
import { Session } from './session/session.js';
import { connectTransport } from './session/transport.js';

/** What {@link createDaemon} takes. */
export interface DaemonOptions {
  /** The catalog of the partition `default`; see `defineCatalog` and `parseConfig`. There are no other partitions then. */
  catalog?: CatalogDefinition;
  /** The source of the catalogs of all partitions, instead of `catalog`. The daemon closes it at its end. */
  catalogs?: CatalogSource;
  /** How the server names itself. */
  server?: Partial<Implementation>;
  /**
   * Which capabilities are declared to clients: those that the catalog of their partition has when they connect, or `all`. Hosts
   * ask for every list that is declared, and some give their model tools for it. Choose `all` if an edit may add the first prompt
   * or resource of a catalog while clients are connected. Default: `catalog`.
   */
  capabilities?: DeclaredCapabilities;
  /** The sources of code that runs in this process, in order. The daemon closes them at its end. Default: none. */
  modules?: readonly ModuleSource[];
  /** What else runs links' functions, asked in order before this process does. The daemon's end closes them. Default: none. */
  runners?: readonly Runner[];
  /** The store of call records, or a function that opens it at the first record. Default: in memory. */
  store?: Store | (() => Awaitable<Store>);
  /** How long and how many records of a partition are kept, and how large the store may get. Default: 30 days, 100,000, 1 GB. */
  retention?: RetentionOptions;
  /** Bounds; each has a default. */
  limits?: Partial<Limits>;
  /** Seals `requestState`; daemons that share it open each other's. Default: random. */
  stateSecret?: string;
  /**
   * Whether clients get the reason why code could not be loaded. The reason names files and quotes errors, so use it only for
   * clients that the operator runs, such as over stdio. The record and the log always have it. Default: false.
   */
  explainFailures?: boolean;
  /**
   * Whether arguments that hosts add to calls are dropped where the schema of the tool does not have them, such as
   * `wait_for_previous` of Gemini CLI. Default: true.
   */
  dropHostArguments?: boolean;
  /** The log for the operator. Default: no log. */
  logger?: Logger;
}

/** The user of the session. */
export interface SessionIdentity {
  /** Default: `default`. */
  partition?: string;
  /** Default: `anonymous`. */
  subject?: string;
}

/** The counts of a daemon. */
export interface DaemonStats extends RecorderStats {
  /** Running calls. */
  inFlight: number;
  /** Connections that are open now. */
  sessions: number;
  /** What the store has counted. Absent: it is not open yet, or needs no network. */
  store?: StoreStats;
}

/** A running daemon. */
export interface Daemon {
  /** Serves one message without a session. @returns the answer, or undefined; requests to a closed daemon are refused */
  handle(message: unknown, exchange: Exchange): Awaitable<JsonRpcResponse | undefined>;
  /** Begins a connection; see {@link Session}. @throws DaemonError `closed` */
  open(peer: Peer, identity?: SessionIdentity): Session;
  /** Serves anything that implements the SDK's `Transport`, until it closes; the daemon's end closes it. */
  connect(transport: Transport, identity?: SessionIdentity): Promise<Session>;
  /**
   * Replaces the catalog that `createDaemon` was given as `catalog`, and notifies clients of what changed. Running calls end on
   * the old one.
   *
   * @throws DaemonError `usage` if the daemon has `catalogs`: such a source reports changes itself
   */
  update(catalog: CatalogDefinition): void;
  /** Makes the next calls of matching links (default: all) load their code again, and notifies subscribers of their resources. */
  reload(which?: (link: LinkBinding) => boolean): void;
  /**
   * The store of this daemon's records, to read and administer them. Opens it if it is not open. The daemon closes it.
   *
   * @throws DaemonError `store_failed` or `store_busy` if it cannot be opened, `closed`
   */
  store(): Promise<Store>;
  readonly events: EventBus;
  /** The cached catalogs of all partitions, to look at and to drop. */
  readonly catalogs: CatalogCache;
  /** Whether the daemon is closing or closed. New messages are refused. */
  readonly closed: boolean;
  /** Counts of records since the start, and of what runs now. It is cheap. */
  stats(): DaemonStats;
  /**
   * Checks whether records can be kept: opens the store if it is not open, and reads. It may be called every second; callers at
   * the same time share one check. There is no time limit: it takes as long as the store.
   *
   * @throws DaemonError `store_failed` or `store_busy`, also while records wait because they cannot be written; `closed`
   */
  check(): Promise<void>;
  /**
   * Ends the daemon: running calls are given `drainMs` (default 5 seconds) and are then cancelled, records are written, the
   * store, the catalogs and the code are closed. A second call waits for the first.
   *
   * With `drainMs: 0` the running calls of all connections are cancelled before this function returns, also in a second call: their
   * `context.signal` is aborted, and their records say that the server ended them.
   */
  close(options?: { drainMs?: number }): Promise<void>;
}

/** The partition of the config file. */
export const DEFAULT_PARTITION = 'default';

const SILENT: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Creates a daemon. It is ready at once: modules are loaded at their first call, the store is opened at the first record.
 *
 * @throws DaemonError `usage` if an option is invalid
 *
 * @example
 * const daemon = createDaemon({ catalog: defineCatalog({ functions: [hello] }) });
 * await daemon.connect(new StdioServerTransport());
 */
export function createDaemon(options: DaemonOptions): Daemon {
  const { modules = [], runners = [], retention, stateSecret, logger = SILENT } = options;
  const { capabilities = 'catalog', explainFailures = false, dropHostArguments = true } = options;
  const limits = withDefaults(options.limits);
  const server: Implementation = { name: 'mcp-daemon', version: '0.0.0', ...options.server };
  const info = createServerInfo(server);
  const onListenerError = (error: unknown): void => logger.error({ error: String(error) }, 'a listener failed');
  const bus = createEventBus(onListenerError);
  const linker = createLinker([...runners, createInProcessRunner({ modules, logger })]);
  const { source, fixed, known } = sourceOf(options, DEFAULT_PARTITION);
  const catalog = createCatalog({
    source,
    known,
    logger,
    pageSize: limits.pageSize,
    finish: info.cacheable,
    onChange(partition, change, gone) {
      if (gone) linker.forget((_link, of) => of === partition);
      publishCatalogChange(bus, partition, change);
    },
  });

  const { store = () => createMemoryStore() } = options;
  let opened: Store | undefined;
  const recorder = createRecorder({
    open: async () => (opened = await (typeof store === 'function' ? store() : store)),
    logger,
    maxQueued: limits.maxQueuedRecords,
    maxBodyBytes: limits.maxRecordedBytes,
    server: server.name,
    ...(retention === undefined ? {} : { retention }),
  });
  const executor = createExecutor({
    linker,
    logger,
    timeoutMs: limits.timeoutMs,
    maxNotifications: limits.maxNotifications,
    resourceUpdated: (partition, uri) => bus.publish({ type: 'resource_updated', partition, uri }),
  });
  const sealer = createStateSealer({
    ...(stateSecret === undefined ? {} : { secret: stateSecret }),
    ttlMs: limits.stateTtlMs,
    maxBytes: limits.maxStateBytes,
  });
  const asker = createInputAsker({ sealer, info, limits });
  const parts = { catalog, executor, recorder, asker, bus, info };
  const calls = createCalls({ ...parts, limits, explainFailures, dropHostArguments, logger });
  const subscriptions = createSubscriptionIndex(bus, limits, { onError: onListenerError });
  const listeners = createListeners({
    index: subscriptions,
    maxUris: limits.maxSubscriptions,
    complete: (result) => info.complete(result, 'modern'),
  });
  const declarationOf = createDeclarations(capabilities);
  const methods = createMethods({ calls, catalog, listeners, linker, info, declarationOf, limits, logger });
  const dispatcher = createDispatcher(methods, logger);
  const budget = createByteBudget(limits.maxBytesInFlightPerUser, limits.maxBytesInFlight);

  const sessions = new Set<Session>();
  /**
   * Number of running messages without a session. A counter, not a Set: the hash tables that a growing Set discards keep
   * short-lived objects alive until the next full GC.
   */
  let standing = 0;
  let onIdle: (() => void) | undefined;
  let closing: Promise<void> | undefined;

  function open(peer: Peer, { partition = DEFAULT_PARTITION, subject = 'anonymous' }: SessionIdentity = {}): Session {
    if (closing !== undefined) throw new DaemonError('closed', 'This daemon is closed.');
    const session = new Session({
      peer,
      partition,
      subject,
      dispatcher,
      subscriptions,
      budget,
      limits,
      onClose: (closed) => sessions.delete(closed),
    });
    sessions.add(session);
    return session;
  }

  function handle(message: unknown, exchange: Exchange): Awaitable<JsonRpcResponse | undefined> {
    if (closing !== undefined) return refusalOf(message, new DaemonError('closed', 'The server is shutting down.'));
    const { bytes = 0 } = exchange;
    let giveBack: (() => void) | undefined;
    if (bytes > SMALL_MESSAGE_BYTES) {
      try {
        giveBack = budget.take(exchange.partition, exchange.subject, bytes);
      } catch (error) {
        return refusalOf(message, error as DaemonError);
      }
    }
    const answer = dispatcher.handle(message, exchange);
    if (!(answer instanceof Promise)) {
      giveBack?.();
      return answer;
    }
    standing += 1;
    return answer.finally(() => {
      standing -= 1;
      giveBack?.();
      if (standing === 0) onIdle?.();
    });
  }

  /** Waits for messages without a session. Their transports end messages that take too long. */
  async function drainStanding(drainMs: number): Promise<void> {
    if (standing === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => (onIdle = resolve)),
      new Promise((resolve) => (timer = setTimeout(resolve, Math.min(drainMs, MAX_TIMER_MS)))),
    ]);
    clearTimeout(timer);
  }

  /** Opened by the recorder, so that it is closed when the last record is written. */
  async function openedStore(): Promise<Store> {
    if (closing !== undefined) throw new DaemonError('closed', 'This daemon is closed.');
    if (opened !== undefined) return opened;
    try {
      await recorder.check();
    } catch (error) {
      if (opened === undefined) throw error; // else it is open, and only cannot be written now
    }
    return opened as unknown as Store;
  }

  async function close(drainMs: number): Promise<void> {
    listeners.close();
    await new Promise((resolve) => setImmediate(resolve)); // their results leave before their sessions end
    await Promise.all([drainStanding(drainMs), ...[...sessions].map((session) => session.drain(drainMs))]);
    for (const session of [...sessions]) session.close('server');
    // Calls that were cancelled settle in this turn of the event loop or the next: their records are still to come.
    for (let turn = 0; turn < 2; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    try {
      await recorder.close();
    } finally {
      await closeAll([linker, catalog]); // even if the store could not be closed
    }
  }

  return {
    handle,
    open,
    connect: (transport, identity) => connectTransport(transport, (peer) => open(peer, identity), logger),
    update(next) {
      if (fixed === undefined) {
        const why = 'this daemon was given "catalogs": that source says itself what changed';
        throw new DaemonError('usage', `update() replaces what createDaemon was given as "catalog", and ${why}.`);
      }
      fixed.update(next);
    },
    reload(which = () => true) {
      linker.forget(which);
      for (const [partition, { functions }] of catalog.loaded()) publishCodeChange(bus, partition, functions, which);
    },
    store: openedStore,
    events: bus,
    catalogs: catalog.cache,
    get closed() {
      return closing !== undefined;
    },
    stats() {
      const counted = opened?.counts?.();
      const own = { ...recorder.stats(), inFlight: calls.inFlight, sessions: sessions.size };
      return counted === undefined ? own : { ...own, store: counted };
    },
    check: () =>
      closing === undefined ? recorder.check() : Promise.reject(new DaemonError('closed', 'The server is shutting down.')),
    close({ drainMs = 5_000 } = {}) {
      if (drainMs === 0) for (const session of sessions) session.cancelCalls('server');
      return (closing ??= close(drainMs));
    },
  };
}
