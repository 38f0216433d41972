/**
 * The mounted servers of a daemon: a source of catalogs that adds what they offer, and a runner that sends calls to them. Servers are
 * known by their partition and definition, so a changed definition is another server.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type {
  CatalogChange,
  CatalogDefinition,
  CatalogSource,
  ContextSource,
  Implementation,
  LinkBinding,
  MountDefinition,
  MountSetting,
  ResolvedFunction,
  Runner,
  ServerStatus,
  StateStore,
} from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import type { CallTools } from './calls/call-function.js';
import { callMounted, completeMounted } from './calls/call-function.js';
import { ParkedCalls } from './calls/parked.js';
import { makesTasks } from './connection/handshake.js';
import { NOTHING } from './connection/lists.js';
import type { UserLogins } from './http/index.js';
import type { LoggedOut, LoginPlace } from './logins.js';
import { Logins } from './logins.js';
import { definitionsOf } from './offer/definitions.js';
import type { MountedPart } from './offer/merge.js';
import { mergeParts } from './offer/merge.js';
import { Pins } from './offer/pins.js';
import type { OpenOptions } from './open.js';
import { openCarrier } from './open.js';
import { Upstream } from './upstream.js';
import { Users } from './users.js';

/** What {@link createMounts} takes. */
export interface MountsOptions extends OpenOptions {
  /** The partition whose catalog may mount servers: that of the config file. */
  partition: string;
  /** Where approvals and tokens are kept. @throws DaemonError if it cannot be opened */
  state: () => Promise<StateStore>;
  /** Seals tokens. Without it, none are kept. */
  secret?: string | undefined;
  /** How we name ourselves to the servers. */
  client: Implementation;
  /** What a context was made from, with the daemon's copy of core. Default: with this one. */
  sourceOf: (context: unknown) => ContextSource | undefined;
  /** Called when a mounted server says that a resource has changed. */
  resourceUpdated: (partition: string, uri: string) => void;
  /** Milliseconds that a server may take from its start to its lists. Default 30,000. */
  startMs?: number;
  /** Milliseconds that a catalog waits for servers that are starting. Their functions are added later then. Default 10,000. */
  waitMs?: number;
  /** The ids of this daemon, and of those that it is mounted by. Default: none. */
  instances?: readonly string[];
}

/** The mounted servers of a daemon. */
export interface Mounts {
  /** Runs the functions of the servers. Its end closes all of them. */
  readonly runner: Runner;
  /** A source that gives the catalogs of another, with the functions of their mounted servers. Its end closes both. */
  source(base: CatalogSource): CatalogSource;
  /** How the servers are. */
  status(): ServerStatus[];
  /** How what a server offers differs from what was approved. @returns undefined: there is no such server, or it never answered */
  changes(name: string): readonly CatalogChange[] | undefined;
  /**
   * Approves what a server offers now.
   *
   * @param by who approves it
   * @returns false: there is no such server, or it never answered
   * @throws DaemonError if it cannot be stored
   */
  approve(name: string, by: string): Promise<boolean>;
  /**
   * Logs an operator in at a server whose credentials are `service` or `per_user`, and keeps the tokens.
   *
   * @throws Error that says why it failed
   */
  login(mount: MountDefinition, place: LoginPlace): Promise<void>;
  /**
   * Gives the tokens of log-ins back, and removes them.
   *
   * @param whose an operator's (null), one user's, or all (undefined)
   * @throws DaemonError as the state store, and `usage` without a secret
   */
  logout(mount: MountDefinition, whose: string | null | undefined): Promise<LoggedOut>;
  /**
   * Sends users who have no log-in to the pages. Without a call of this there are none: then only callers that are not told apart may
   * use servers whose credentials are `per_user`, with the log-in of an operator.
   *
   * @param base the public URL of this server, without a slash at its end; undefined: it is not known
   */
  serveLogins(base: () => string | undefined): void;
  /** The pages on which users log in. @throws Error before `serveLogins` */
  pages(): Promise<UserLogins>;
  /** Ends all servers. A second call waits for the first. */
  close(): Promise<void>;
}

/** What was made of a server's offer, until the offer changes. */
interface Made {
  readonly of: unknown;
  readonly isDown: boolean;
  readonly part: MountedPart & Pick<ReturnType<typeof definitionsOf>, 'leftOut'>;
}

const digestOf = ({ greeting }: Upstream): string | null =>
  greeting === undefined ? null : `mcp:${greeting.server.name}@${greeting.server.version}`;

/** Creates the mounted servers. None is started before a catalog or a call needs it. */
export function createMounts(options: MountsOptions): Mounts {
  const { partition, client, logger, resourceUpdated, startMs = 30_000, waitMs = 10_000, instances = [] } = options;
  const upstreams = new Map<string, Upstream>();
  const made = new Map<Upstream, Made>();
  const listeners = new Set<{ changed: (partition: string) => void }>();
  const parked = new ParkedCalls();
  const pins = new Pins({ partition, state: options.state, logger });
  const logins = new Logins({
    store: { state: options.state, partition, secret: options.secret },
    ...{ texts: options.texts, logger },
  });
  let base: (() => string | undefined) | undefined;
  let pages: Promise<UserLogins> | undefined;
  const pagesOf = (of: () => string | undefined): Promise<UserLogins> =>
    (pages ??= logins.pages({
      base: of,
      loggedIn: (server, subject) => users.loggedIn(server, subject),
      mount: (name) => upstreamsOf(name)[0]?.mount,
    }));
  const users = new Users({
    ...{ client, logger, logins, startMs },
    open: (mount, events, keeper) => openCarrier(mount, events, options, logins, keeper),
    hasPages: () => base !== undefined,
    pages: () => (base === undefined ? undefined : pagesOf(base)),
  });
  const tools: CallTools = { client, parked, users, sourceOf: options.sourceOf };
  let merged: { base: CatalogDefinition; parts: readonly MountedPart[]; definition: CatalogDefinition } | undefined;
  let closing: Promise<void> | undefined;

  const changed = (): void => {
    for (const listener of [...listeners]) listener.changed(partition);
  };

  function upstreamOf(mount: MountDefinition): Upstream {
    const key = JSON.stringify(mount);
    let upstream = upstreams.get(key);
    if (upstream === undefined) {
      upstream = new Upstream({
        mount,
        partition,
        client,
        open: (events) => openCarrier(mount, events, options, logins),
        logger,
        startMs,
        review: (offer) => pins.review(mount, offer),
        ownInstances: instances,
        onChanged: changed,
        onResourceUpdated: (uri) => resourceUpdated(partition, uri),
      });
      upstreams.set(key, upstream);
    }
    return upstream;
  }

  /** Ends the servers that a catalog does not name any more. */
  function retireOthers(wanted: ReadonlySet<Upstream>): void {
    for (const [key, upstream] of upstreams) {
      if (wanted.has(upstream)) continue;
      upstreams.delete(key);
      made.delete(upstream);
      void retire(upstream);
    }
  }

  /** Ends a server when its running calls are answered. */
  async function retire(upstream: Upstream): Promise<void> {
    const { name } = upstream.mount;
    for (let waited = 0; waited < 60 && (upstream.live?.connection.pending ?? 0) > 1; waited += 1)
      await sleep(500, undefined, { ref: false });
    users.retire(upstream.mount);
    if (!upstreamsOf(name).some(({ mount }) => mount.url === upstream.mount.url)) logins.release(upstream.mount, null);
    await upstream.close();
    logger.info({ server: name }, `the server "${name}" is not mounted any more`);
  }

  function partOf(upstream: Upstream): Made['part'] {
    const { mount, offer = NOTHING, greeting, state } = upstream;
    const isDown = state === 'down' || (state === 'starting' && upstream.starts > 1);
    const known = made.get(upstream);
    if (known?.of === offer && known.isDown === isDown) return known.part;
    const shown = isDown && mount.down === 'hide' ? NOTHING : offer;
    const completes = greeting?.capabilities['completions'] !== undefined;
    const offered = definitionsOf(mount, shown, {
      completes,
      makesTasks: greeting !== undefined && makesTasks(greeting),
      isDown,
    });
    const { functions, leftOut } = offered;
    for (const { kind, name, why } of leftOut)
      logger.warn({ server: mount.name, kind, name }, `the ${kind} "${name}" of the server "${mount.name}" is left out: ${why}`);
    const part = { name: mount.name, instructions: greeting?.instructions, functions, leftOut };
    made.set(upstream, { of: offer, isDown, part });
    return part;
  }

  function merge(base: CatalogDefinition, wanted: readonly Upstream[]): CatalogDefinition {
    const parts = wanted.map(partOf);
    if (merged?.base === base && merged.parts.length === parts.length && merged.parts.every((part, at) => part === parts[at]))
      return merged.definition;
    const { definition, warnings } = mergeParts(base, parts);
    if (wanted.some(({ offer }) => offer === undefined)) definition.mayGrow = true;
    definition.instances = [...new Set([...instances, ...wanted.flatMap(({ greeting }) => greeting?.instances ?? [])])];
    for (const { mount, message } of warnings) logger.warn({ server: mount }, message);
    merged = { base, parts, definition };
    return definition;
  }

  /** Waits until these servers have an offer or a failure, but not for ever. */
  async function settled(wanted: readonly Upstream[]): Promise<void> {
    const over = new AbortController();
    const late = sleep(waitMs, undefined, { signal: over.signal }).catch(() => undefined);
    const started = Promise.all(wanted.map((upstream) => upstream.ready().catch(() => undefined)));
    await Promise.race([started, late]);
    over.abort();
  }

  const isNew = ({ state }: Upstream): boolean => state === 'idle' || state === 'starting';

  function withMounts(name: string, base: CatalogDefinition): CatalogDefinition | Promise<CatalogDefinition> {
    if (name !== partition || closing !== undefined) return base;
    const { mounts = [], functions } = base;
    const wanted = mounts.map(upstreamOf);
    const linked = new Set(wanted);
    for (const { binding } of functions)
      if (binding.kind === 'link' && binding.source === 'mcp')
        linked.add(upstreamOf((binding.setting as MountSetting).mount as unknown as MountDefinition));
    retireOthers(linked);
    if (wanted.length === 0) return base;
    const starting = wanted.filter((upstream) => isNew(upstream) && upstream.offer === undefined);
    return starting.length === 0 ? merge(base, wanted) : settled(starting).then(() => merge(base, wanted));
  }

  function statusOf(upstream: Upstream): ServerStatus {
    const { mount, state, failure, greeting, live, starts } = upstream;
    const login = logins.status(mount);
    const part = made.get(upstream)?.part;
    return {
      name: mount.name,
      state,
      ...(failure === undefined ? {} : { failure }),
      ...(greeting === undefined ? {} : { server: greeting.server, protocol: greeting.version }),
      functions: part?.functions.length ?? 0,
      leftOut: part?.leftOut ?? [],
      pending: live?.connection.pending ?? 0,
      changes: upstream.changes.length,
      starts,
      ...(login === undefined ? {} : { login }),
    };
  }
  const status = (): ServerStatus[] => [...upstreams.values()].map(statusOf);

  const upstreamsOf = (name: string): Upstream[] => [...upstreams.values()].filter(({ mount }) => mount.name === name);
  const named = (name: string): Upstream | undefined => upstreamsOf(name).find(({ sent }) => sent !== undefined);

  async function closeAll(): Promise<void> {
    logins.close();
    await Promise.all([users.close(), ...[...upstreams.values()].map((upstream) => upstream.close())]);
  }
  const close = (): Promise<void> => (closing ??= closeAll());

  const runner: Runner = {
    accepts: ({ source }) => source === 'mcp',
    resolve(link: LinkBinding, of: string): ResolvedFunction {
      const setting = link.setting as MountSetting;
      if (of !== partition || setting.mount === undefined)
        throw new DaemonError('module_not_found', `"${link.module_name}" is another MCP server: only a config file may name one`);
      const upstream = upstreamOf(setting.mount as unknown as MountDefinition);
      const call =
        setting.ref === undefined
          ? (input: unknown, context: unknown) => callMounted(upstream, link, input, context, tools)
          : (input: unknown, context: unknown) => completeMounted(upstream, setting, input, context, tools);
      return {
        call,
        get digest() {
          return digestOf(upstream);
        },
      };
    },
    follow(link, of, uri, on) {
      const { mount } = link.setting as MountSetting;
      if (of === partition && mount !== undefined) upstreamOf(mount as unknown as MountDefinition).follow(uri, on);
    },
    servers: () => (upstreams.size === 0 ? undefined : status()),
    forget: () => undefined, // there is no code here
    close,
  };

  return {
    runner,
    source(base) {
      const { watch } = base;
      return {
        ...base,
        load(name) {
          const loaded = base.load(name);
          if (loaded instanceof Promise)
            return loaded.then((definition) => (definition === undefined ? undefined : withMounts(name, definition)));
          return loaded === undefined ? undefined : withMounts(name, loaded);
        },
        watch(listener) {
          const entry = { changed: listener };
          listeners.add(entry);
          const unwatch = watch?.(listener);
          return () => {
            listeners.delete(entry);
            unwatch?.();
          };
        },
        async close() {
          listeners.clear();
          await close();
          await base.close?.();
        },
      };
    },
    status,
    changes: (name) => named(name)?.changes,
    login: (mount, place) => logins.logIn(mount, place),
    logout: (mount, whose) => logins.logOut(mount, whose),
    serveLogins: (of) => void (base = of),
    pages: () => (base === undefined ? Promise.reject(new Error('there are no pages to log in on')) : pagesOf(base)),
    async approve(name, by) {
      const { mount, sent } = named(name) ?? {};
      if (mount === undefined || sent === undefined) return false;
      await pins.approve(mount, sent, by);
      return true;
    },
    close,
  };
}
