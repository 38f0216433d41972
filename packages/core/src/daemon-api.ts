/** What a daemon takes, and what it offers. `daemon.ts` makes it. */
import type { Awaitable } from './base/awaitable.js';
import type { QuotaStats } from './call/quotas.js';
import type { CatalogCache } from './catalog/cached.js';
import type { EventBus } from './events/bus.js';
import type { Store, StoreStats } from './ports/calls.js';
import type { CatalogSource } from './ports/catalogs.js';
import type { CatalogDefinition, LinkBinding } from './ports/definition.js';
import type { FileSource } from './ports/files.js';
import type { Fixtures } from './ports/fixtures.js';
import type { Logger } from './ports/logger.js';
import type { ModuleSource } from './ports/modules.js';
import type { CatalogQuotas } from './ports/quota.js';
import type { Runner, RunnerCounts, ServerStatus } from './ports/runner.js';
import type { SkillSource } from './ports/skills.js';
import type { StateStore } from './ports/state.js';
import type { TaskStats } from './ports/task-stats.js';
import type { Telemetry } from './ports/telemetry.js';
import type { Exchange } from './protocol/exchange.js';
import type { Limits } from './protocol/limits.js';
import type { Implementation, JsonRpcResponse, Transport } from './protocol/messages.js';
import type { HeldScopes } from './protocol/scopes.js';
import type { RecorderStats } from './records/recorder.js';
import type { RetentionOptions } from './records/upkeep.js';
import type { DeclaredCapabilities } from './session/declaration.js';
import type { KeptSessions } from './session/kept-sessions.js';
import type { Peer } from './session/peer.js';
import type { Session } from './session/session.js';

/** What `createDaemon` takes. */
export interface DaemonOptions {
  /** The catalog of the partition `default`; see `defineCatalog` and `parseConfig`. There are no other partitions then. */
  catalog?: CatalogDefinition;
  /** The source of the catalogs of all partitions, instead of `catalog`. The daemon closes it at its end. */
  catalogs?: CatalogSource;
  /**
   * Recorded calls that are answered in place of running functions; see `createFixtures`. Without `catalog` and `catalogs`, their own
   * catalog is served. Default: functions are run.
   */
  fixtures?: Fixtures;
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
  /** Reads the resources that are files. The daemon closes it at its end. Default: there are none. */
  files?: FileSource;
  /** Reads the skills of catalogs. Their files are read by `files`, those in bundles by its `read`. Default: there are none. */
  skills?: SkillSource;
  /** The store of call records, or a function that opens it at the first record. Default: in memory. */
  store?: Store | (() => Awaitable<Store>);
  /** How long and how many records of a partition are kept, and how large the store may get. Default: 30 days, 100,000, 1 GB. */
  retention?: RetentionOptions;
  /** Quotas of every partition and of every caller, besides those of the catalogs. Default: none. */
  quotas?: CatalogQuotas;
  /** Bounds; each has a default. */
  limits?: Partial<Limits>;
  /** Seals `requestState` and the ids of sessions; daemons that share it open each other's. Default: random. */
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
  /** Traces and metrics by OpenTelemetry: `{ api }` with the module `@opentelemetry/api` of the program. Default: none. */
  telemetry?: Telemetry;
  /** The log for the operator. Default: no log. */
  logger?: Logger;
}

/** The user of the session. */
export interface SessionIdentity {
  /** Default: `default`. */
  partition?: string;
  /** Default: `anonymous`. */
  subject?: string;
  /** The scopes of the user. Default: all. */
  scopes?: HeldScopes;
  /** The OAuth client that acts for the user. Default: none. */
  clientId?: string | undefined;
}

/** The counts of a daemon. */
export interface DaemonStats extends RecorderStats {
  /** Running calls. */
  inFlight: number;
  /** Calls that have ended, recorded or not. */
  ended: number;
  /** Connections that are open now. */
  sessions: number;
  /** What quotas have refused. */
  quotas: QuotaStats;
  /** The tasks of this process. Absent: no call has needed one yet. */
  tasks?: TaskStats;
  /** What the runners of other processes have counted, together. Absent: there is none. */
  processes?: RunnerCounts;
  /** The mounted MCP servers. Absent: there are none. */
  servers?: readonly ServerStatus[];
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
  /**
   * Makes the next calls of matching links (default: all) load their code again, and notifies subscribers of their resources. Skills
   * in bundles are looked for again too, and clients are told that the list of resources has changed.
   */
  reload(which?: (link: LinkBinding) => boolean): void;
  /**
   * The store of this daemon's records, to read and administer them. Opens it if it is not open. The daemon closes it.
   *
   * @throws DaemonError `store_failed` or `store_busy` if it cannot be opened, `closed`
   */
  store(): Promise<Store>;
  /**
   * What outlives a call and is no record: that of the store, or this process's memory if the store keeps none. Opens the store if
   * it is not open.
   *
   * @throws DaemonError as {@link Daemon.store}
   */
  state(): Promise<StateStore>;
  /** Sessions that another connection or another process can continue; for transports with sessions. */
  readonly sessions: KeptSessions;
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
