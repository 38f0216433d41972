/**
 * A daemon: all rooms, wired. It owns start and close, and is otherwise a function from messages to messages.
 */
import type { Awaitable } from './base/awaitable.js';
import { closeAll } from './base/close-all.js';
import { createCalls } from './call/call.js';
import { createExecutor } from './call/executor.js';
import { createLinker } from './call/linker.js';
import { checkedQuotas } from './call/quota-check.js';
import { createQuotas } from './call/quotas.js';
import { createCatalog } from './catalog/catalog.js';
import type { Snapshot } from './catalog/snapshot.js';
import { sourceOf } from './catalog/source-of.js';
import type { Daemon, DaemonOptions, SessionIdentity } from './daemon-api.js';
import { createEventBus } from './events/bus.js';
import { publishCatalogChange, publishCodeChange, publishFileChange, publishSkillChange } from './events/catalog-events.js';
import { createSubscriptionIndex } from './events/subscription-index.js';
import { createListeners } from './events/subscriptions.js';
import { createInputAsker } from './input/asker.js';
import { createStateSealer } from './input/state.js';
import { createLazyTasks } from './lazy-tasks.js';
import { createMemoryState } from './memory/state.js';
import { createMemoryStore } from './memory/store.js';
import type { Store } from './ports/calls.js';
import type { Logger } from './ports/logger.js';
import type { StateStore } from './ports/state.js';
import { DaemonError } from './protocol/errors.js';
import type { Exchange } from './protocol/exchange.js';
import { MAX_TIMER_MS, withDefaults } from './protocol/limits.js';
import type { Implementation, JsonRpcResponse } from './protocol/messages.js';
import { refusalOf } from './protocol/refusal.js';
import { SMALL_MESSAGE_BYTES } from './protocol/scan.js';
import { createServerInfo } from './protocol/server-info.js';
import { createCallLookup } from './records/call-lookup.js';
import { recentCalls } from './records/recent-calls.js';
import { createRecorder } from './records/recorder.js';
import { withFixtures } from './replay/with-fixtures.js';
import { createInProcessRunner } from './runner/in-process.js';
import { createByteBudget } from './session/byte-budget.js';
import { createDeclarations } from './session/declaration.js';
import { createDispatcher } from './session/dispatcher.js';
import { createKeptSessions } from './session/kept-sessions.js';
import { createMethods } from './session/methods.js';
import type { Peer } from './session/peer.js';
import type { SessionOptions } from './session/session.js';
import { Session } from './session/session.js';
import { createSessionIds } from './session/session-id.js';
import { createRequestObserver } from './session/telemetry.js';
import { TimedSession } from './session/timed-session.js';
import { connectTransport } from './session/transport.js';
import { createSkills, hasSkillOf } from './skills/skills.js';

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
  const { modules = [], runners = [], fixtures, telemetry, retention, stateSecret, logger = SILENT } = options;
  const { capabilities = 'catalog', explainFailures = false, dropHostArguments = true } = options;
  const limits = withDefaults(options.limits);
  const server: Implementation = { name: 'mcp-daemon', version: '0.0.0', ...options.server };
  const info = createServerInfo(server);
  const onListenerError = (error: unknown): void => logger.error({ error: String(error) }, 'a listener failed');
  const bus = createEventBus(onListenerError);
  const linker = createLinker([...runners, createInProcessRunner({ modules, logger })], options.files);
  const { source, fixed, known } = sourceOf(
    fixtures === undefined ? options : withFixtures(options, fixtures),
    DEFAULT_PARTITION,
  );
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

  options.files?.watch?.((path) => {
    for (const [partition, { functions }] of catalog.loaded()) publishFileChange(bus, partition, functions, path);
  });

  const { store = () => createMemoryStore() } = options;
  let opened: Store | undefined;
  const recorder = createRecorder({
    async open() {
      opened = await (typeof store === 'function' ? store() : store);
      tasks.storeOpened();
      return opened;
    },
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
  const quotas = createQuotas({
    ...(options.quotas === undefined ? {} : { defaults: checkedQuotas(options.quotas) }),
    async recent(partition, filters) {
      try {
        return await recentCalls((await openedStore()).calls, partition, filters);
      } catch (error) {
        logger.warn({ partition, error: String(error) }, 'the calls of the last minute cannot be read, so quotas begin at 0');
        throw error;
      }
    },
  });
  let ownState: StateStore | undefined;
  const state = async (): Promise<StateStore> => (await openedStore()).state ?? (ownState ??= createMemoryState());
  const record = createCallLookup({ store: () => openedStore(), logger });
  const onChange = (path: string, uris: readonly string[]): void => publishSkillChange(bus, catalog.loaded(), path, uris);
  const skills = createSkills({ source: options.skills, logger, onChange });
  const tasks = createLazyTasks({
    ...{ state: () => state(), opened: () => opened, record },
    ...{ info, asker, limits, logger },
  });
  const parts = { catalog, quotas, longCalls: tasks, skills, executor, recorder, asker, state, record, bus, info };
  const calls = createCalls({ ...parts, limits, explainFailures, dropHostArguments, logger });
  /** The runner of a resource hears that clients follow it. */
  const followed = (partition: string, uri: string, on: boolean): void => {
    const tell = (snapshot: Snapshot): void => {
      const binding = snapshot.resource(uri)?.definition.binding;
      if (binding !== undefined) linker.follow(binding, partition, uri, on);
    };
    const snapshot = catalog.snapshot(partition);
    if (snapshot instanceof Promise) snapshot.then(tell).catch(onListenerError);
    else tell(snapshot);
  };
  const subscriptions = createSubscriptionIndex(bus, limits, { onError: onListenerError, followed });
  const listeners = createListeners({
    index: subscriptions,
    maxUris: limits.maxSubscriptions,
    complete: (result) => info.complete(result, 'modern'),
  });
  const declarationOf = createDeclarations(capabilities);
  const methods = createMethods({
    calls,
    catalog,
    listeners,
    linker,
    skills,
    tasks: tasks.load,
    info,
    declarationOf,
    limits,
    logger,
  });
  const observer = telemetry && createRequestObserver(telemetry, server.version);
  const dispatcher = createDispatcher(methods, logger, observer);
  const budget = createByteBudget(limits.maxBytesInFlightPerUser, limits.maxBytesInFlight);

  const sessions = new Set<Session>();
  /**
   * Number of running messages without a session. A counter, not a Set: the hash tables that a growing Set discards keep
   * short-lived objects alive until the next full GC.
   */
  let standing = 0;
  let onIdle: (() => void) | undefined;
  let closing: Promise<void> | undefined;

  function open(peer: Peer, identity: SessionIdentity = {}): Session {
    const { partition = DEFAULT_PARTITION, subject = 'anonymous', scopes, clientId } = identity;
    if (closing !== undefined) throw new DaemonError('closed', 'This daemon is closed.');
    const sessionOptions: SessionOptions = {
      peer,
      partition,
      subject,
      scopes,
      dispatcher,
      subscriptions,
      budget,
      limits,
      onClose: (closed) => sessions.delete(closed),
    };
    const session = observer === undefined ? new Session(sessionOptions) : new TimedSession(sessionOptions, observer);
    session.clientId = clientId;
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

  const keptSessions = createKeptSessions({
    ...{ ids: createSessionIds(stateSecret), catalog, ttlMs: limits.sessionTtlMs, logger },
    state: async () => (await openedStore()).state,
  });

  async function close(drainMs: number): Promise<void> {
    listeners.close();
    await new Promise((resolve) => setImmediate(resolve)); // their results leave before their sessions end
    const drained = [drainStanding(drainMs), calls.drain(drainMs), tasks.close(drainMs)];
    await Promise.all([...drained, ...[...sessions].map((session) => session.drain(drainMs))]);
    for (const session of [...sessions]) session.close('server');
    await calls.end();
    // Calls that were cancelled settle in this turn of the event loop or the next: their records are still to come.
    for (let turn = 0; turn < 2; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    try {
      await recorder.close();
    } finally {
      await closeAll([linker, catalog, skills, ...(telemetry === undefined ? [] : [telemetry])]); // even if the store could not be closed
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
      fixed.update(fixtures?.play(next) ?? next);
    },
    reload(which = () => true) {
      linker.forget(which);
      skills.forget();
      for (const [partition, definition] of catalog.loaded()) {
        publishCodeChange(bus, partition, definition.functions, which);
        if (hasSkillOf(definition, which)) bus.publish({ type: 'list_changed', partition, list: 'resources' });
      }
    },
    store: openedStore,
    state,
    sessions: keptSessions,
    events: bus,
    catalogs: catalog.cache,
    get closed() {
      return closing !== undefined;
    },
    stats() {
      const counted = opened?.counts?.();
      const processes = linker.counts();
      const servers = linker.servers();
      const ofTasks = tasks.stats();
      const { inFlight, ended } = calls;
      const own = { ...recorder.stats(), inFlight, ended, sessions: sessions.size, quotas: quotas.stats() };
      return Object.assign(
        own,
        processes && { processes },
        servers && { servers },
        ofTasks && { tasks: ofTasks },
        counted && { store: counted },
      );
    },
    check: () =>
      closing === undefined ? recorder.check() : Promise.reject(new DaemonError('closed', 'The server is shutting down.')),
    close({ drainMs = 5_000 } = {}) {
      if (drainMs === 0) {
        for (const session of sessions) session.cancelCalls('server');
        tasks.cancelAll();
      }
      return (closing ??= close(drainMs));
    },
  };
}
