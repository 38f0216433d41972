/**
 * The servers measured over HTTP. A contender has a title, a group that has a budget, an era, `prepare(folder, port)`,
 * which creates its files in an empty folder and returns the arguments of node, and `users`: whether it authenticates.
 */
import { join } from 'node:path';

import { before, bin, isWanted, path, writeConfig } from './contenders.mjs';
import { SECRET, writeUsers } from './http-users.mjs';

const TOOLS = 2;

/** A server from `bench/servers`. */
const program = (name) => (_folder, port, era) => [path(`../servers/${name}.mjs`), String(TOOLS), String(port), era];

/** The built command with a config file and default settings, but without a rate limit: one user makes all requests here. */
const daemon =
  ({ store = 'sqlite', record, more = [], build = bin }) =>
  async (folder, port) => {
    await writeConfig(folder, TOOLS, record);
    await writeUsers(join(folder, 'users.json'));
    const files = ['--config', join(folder, 'mcp.json'), '--data-dir', join(folder, 'data'), '--store', store];
    const users = ['--local-user-file', join(folder, 'users.json'), '--jwt-secret-key', SECRET];
    return [build, '--transport', 'sse', '--port', String(port), '--rate-limit', '0', ...files, ...users, ...more];
  };

const both = ['legacy', 'modern'];
const servers = [
  { name: 'floor', group: 'floor', eras: both, prepare: program('floor-http') },
  { name: 'SDK v1 Server', group: 'sdk', eras: ['legacy'], prepare: program('sdk1-low-http') },
  { name: 'SDK v1 McpServer', group: 'sdk', eras: ['legacy'], prepare: program('sdk1-mcp-http') },
  { name: 'SDK v2 Server', group: 'sdk', eras: both, prepare: program('sdk2-low-http') },
  { name: 'SDK v2 McpServer', group: 'sdk', eras: both, prepare: program('sdk2-mcp-http') },
  { name: 'ours, SQLite', group: 'sqlite', eras: both, users: true, prepare: daemon({}) },
  { name: 'ours, no log', group: 'silent', eras: both, users: true, prepare: daemon({ more: ['--no-access-log'] }) },
  { name: 'ours, memory', group: 'memory', eras: both, users: true, prepare: daemon({ store: 'memory' }) },
  { name: 'ours, no record', group: 'none', eras: both, users: true, prepare: daemon({ record: 'none' }) },
  { name: 'ours, no auth', group: 'open', eras: both, prepare: daemon({ more: ['--auth-provider', 'none'] }) },
  ...(before === undefined
    ? []
    : [
        { name: 'before, SQLite', group: 'before', eras: both, users: true, prepare: daemon({ build: before }) },
        {
          name: 'before, no log',
          group: 'before',
          eras: both,
          users: true,
          prepare: daemon({ build: before, more: ['--no-access-log'] }),
        },
      ]),
].filter(isWanted);

/** Every server in every era that it supports; the floor of each era is first. */
export const httpContenders = servers.flatMap(({ eras, ...server }) =>
  eras.map((era) => ({ ...server, era, title: era === 'legacy' ? server.name : `${server.name} [modern]` })),
);

/** The contenders of a group that have the same era as a contender. */
export const groupOf = (group, { era }) => httpContenders.filter((other) => other.group === group && other.era === era);
