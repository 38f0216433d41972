/** Settings, partitions, sessions and the state of the daemon. */
import type { Json, JsonObject } from '../base/json.js';
import { query } from './graphql.js';
import type { Page } from './read.js';
import { number, object, objects, page, text, texts, time } from './read.js';
import type { Access } from './request.js';

/** A setting, its values masked by the server. */
export interface Setting {
  readonly id: string;
  readonly value: Json | undefined;
  /** The classes that are built with it. */
  readonly classes: readonly string[];
  readonly updatedBy: string | undefined;
  readonly updatedAt: number | undefined;
}

/** An open session of an MCP client. */
export interface Session {
  readonly id: string;
  readonly subject: string;
  readonly client: string | undefined;
  readonly transport: string | undefined;
  readonly createdAt: number | undefined;
  readonly lastUsedAt: number | undefined;
}

/** What a cache has counted. */
export interface CacheCounts {
  readonly hits: number;
  readonly stale: number;
  readonly misses: number;
  readonly failures: number;
  readonly entries: number;
}

/** A mounted MCP server. */
export interface MountedServer {
  readonly name: string;
  readonly state: string;
  readonly failure: string | undefined;
  readonly title: string | undefined;
  readonly protocol: string | undefined;
  readonly functions: number;
  /** Changes that are not approved. */
  readonly changes: number;
  /** The log-in of an operator, if it has one. */
  readonly login: string | undefined;
  /** Milliseconds since 1970. */
  readonly loginEnds: number | undefined;
}

/** How the daemon is. What only admins may see is undefined for others. */
export interface Health {
  readonly version: string | undefined;
  readonly store: string;
  readonly storeProblem: string | undefined;
  readonly servers: readonly MountedServer[];
  readonly counters:
    | {
        readonly written: number;
        readonly waiting: number;
        readonly lost: number;
        readonly running: number;
        readonly connections: number;
      }
    | undefined;
  readonly cache:
    | {
        readonly isCached: boolean;
        readonly functions: number | undefined;
        readonly ageMs: number | undefined;
        readonly catalogs: CacheCounts;
        readonly reads: CacheCounts | undefined;
      }
    | undefined;
}

const SETTINGS = `query Settings($after: String) {
  mcpSettingList(first: 100, after: $after) {
    hasNextPage endCursor mcpSettingList { settingId setting classes updatedBy updatedAt }
  }
}`;
const PARTITIONS = `query Partitions { partitions(first: 1000) { partitionList { partitionKey } } }`;
const SESSIONS = `query Sessions { sessions { id subject client transport createdAt lastUsedAt } }`;
const DAEMON = `query Daemon { daemon { version store storeProblem } }`;
const COUNTS = `hits stale misses failures entries`;
const HEALTH = `query Health {
  daemon { version store storeProblem counters { written waiting lost running connections }
    servers { name state failure title protocol functions changes login loginEnds } }
  cache { isCached functions ageMs catalogs { ${COUNTS} } reads { ${COUNTS} } }
}`;

const settingOf = (from: JsonObject): Setting => ({
  id: text(from, 'settingId') ?? '',
  value: from['setting'],
  classes: texts(from, 'classes'),
  updatedBy: text(from, 'updatedBy'),
  updatedAt: time(from, 'updatedAt'),
});

/** A page of settings, by id. */
export async function listSettings(access: Access, after: string | undefined, signal: AbortSignal): Promise<Page<Setting>> {
  const data = await query(access, SETTINGS, after === undefined ? {} : { after }, signal);
  return page(object(data, 'mcpSettingList'), 'mcpSettingList', settingOf);
}

/** The partitions of the store. For admins. */
export async function listPartitions(access: Access, signal: AbortSignal): Promise<string[]> {
  const list = object(await query(access, PARTITIONS, {}, signal), 'partitions');
  return objects(list, 'partitionList').flatMap((one) => text(one, 'partitionKey') ?? []);
}

/** The open sessions of a partition. For admins. */
export async function listSessions(access: Access, signal: AbortSignal): Promise<Session[]> {
  return objects(await query(access, SESSIONS, {}, signal), 'sessions').map((from) => ({
    id: text(from, 'id') ?? '',
    subject: text(from, 'subject') ?? '',
    client: text(from, 'client'),
    transport: text(from, 'transport'),
    createdAt: time(from, 'createdAt'),
    lastUsedAt: time(from, 'lastUsedAt'),
  }));
}

const count = (from: JsonObject, name: string): number => number(from, name) ?? 0;
const countsOf = (from: JsonObject): CacheCounts => ({
  hits: count(from, 'hits'),
  stale: count(from, 'stale'),
  misses: count(from, 'misses'),
  failures: count(from, 'failures'),
  entries: count(from, 'entries'),
});

const serverOf = (from: JsonObject): MountedServer => ({
  name: text(from, 'name') ?? '',
  state: text(from, 'state') ?? '',
  failure: text(from, 'failure'),
  title: text(from, 'title'),
  protocol: text(from, 'protocol'),
  functions: count(from, 'functions'),
  changes: count(from, 'changes'),
  login: text(from, 'login'),
  loginEnds: time(from, 'loginEnds'),
});

/** How the daemon is. @param all whether the user may see counters and caches */
export async function readHealth(access: Access, all: boolean, signal: AbortSignal): Promise<Health> {
  const data = await query(access, all ? HEALTH : DAEMON, {}, signal);
  const daemon = object(data, 'daemon');
  const counters = object(daemon, 'counters');
  const cache = object(data, 'cache');
  return {
    version: text(daemon, 'version'),
    store: text(daemon, 'store') ?? '',
    storeProblem: text(daemon, 'storeProblem'),
    servers: all ? objects(daemon, 'servers').map(serverOf) : [],
    counters: all
      ? {
          written: count(counters, 'written'),
          waiting: count(counters, 'waiting'),
          lost: count(counters, 'lost'),
          running: count(counters, 'running'),
          connections: count(counters, 'connections'),
        }
      : undefined,
    cache: all
      ? {
          isCached: cache['isCached'] === true,
          functions: number(cache, 'functions'),
          ageMs: number(cache, 'ageMs'),
          catalogs: countsOf(object(cache, 'catalogs')),
          reads: cache['reads'] === null ? undefined : countsOf(object(cache, 'reads')),
        }
      : undefined,
  };
}
