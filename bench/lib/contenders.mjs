/**
 * The measured servers. A contender has a title, a group that has a budget, an era, and `prepare(folder, tools)`, which
 * creates its files in an empty folder and returns the arguments of node.
 */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { toolList } from '../servers/tools.mjs';

/** The path of a file, relative to this one. */
export const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
/** The built command. */
export const bin = path('../../packages/cli/dist/bin.js');

/** A server from `bench/servers`. */
const program = (name) => (_folder, tools) => [path(`../servers/${name}.mjs`), String(tools)];

/**
 * Writes a config file with the given number of tools, all in one module, and the given record policy.
 *
 * @param more further tools that add, by name: members of their links
 */
export async function writeConfig(folder, tools, record, more = {}) {
  await copyFile(path('../servers/tools.mjs'), join(folder, 'tools.mjs'));
  const list = toolList(tools);
  list.push(...Object.keys(more).map((name) => ({ ...list[1], name })));
  const links = list.map(({ name }) => ({
    ...{ type: 'tool', name, module_name: 'tools', function_name: name === 'hello' ? name : 'add_numbers' },
    ...(record === undefined ? {} : { record }),
    ...more[name],
  }));
  const config = { tools: list, module_links: links, modules: [{ package_name: 'tools', module_name: 'tools' }] };
  await writeFile(join(folder, 'mcp.json'), JSON.stringify(config, null, 2));
}

/** Another build of the command, to be measured in the same run: `--before PATH` of bench/run.mjs. */
export const before = process.env.BENCH_BEFORE;
/** Groups to measure, `--only`; empty: all. The floor and the build before are always measured. */
const only = (process.env.BENCH_ONLY ?? '').split(',').filter(Boolean);
export const isWanted = ({ group }) => only.length === 0 || ['floor', 'before'].includes(group) || only.includes(group);

/** The built command with a config file. */
const daemon =
  ({ store, record, build = bin }) =>
  async (folder, tools) => {
    await writeConfig(folder, tools, record);
    const files = ['--config', join(folder, 'mcp.json'), '--data-dir', join(folder, 'data')];
    return [build, '--transport', 'stdio', ...files, '--store', store];
  };

const servers = [
  { name: 'floor', group: 'floor', eras: ['legacy', 'modern'], prepare: program('floor') },
  { name: 'SDK v1 Server', group: 'sdk', eras: ['legacy'], prepare: program('sdk1-low') },
  { name: 'SDK v1 McpServer', group: 'sdk', eras: ['legacy'], prepare: program('sdk1-mcp') },
  { name: 'SDK v2 Server', group: 'sdk', eras: ['legacy', 'modern'], prepare: program('sdk2-low') },
  { name: 'SDK v2 McpServer', group: 'sdk', eras: ['legacy', 'modern'], prepare: program('sdk2-mcp') },
  { name: 'ours, SQLite', group: 'sqlite', eras: ['legacy', 'modern'], prepare: daemon({ store: 'sqlite' }) },
  { name: 'ours, memory', group: 'memory', eras: ['legacy', 'modern'], prepare: daemon({ store: 'memory' }) },
  { name: 'ours, no record', group: 'none', eras: ['legacy', 'modern'], prepare: daemon({ store: 'sqlite', record: 'none' }) },
  ...(before === undefined
    ? []
    : [
        {
          name: 'before, SQLite',
          group: 'before',
          eras: ['legacy', 'modern'],
          prepare: daemon({ store: 'sqlite', build: before }),
        },
        {
          name: 'before, no record',
          group: 'before',
          eras: ['legacy', 'modern'],
          prepare: daemon({ store: 'sqlite', record: 'none', build: before }),
        },
      ]),
].filter(isWanted);

/** Every server in every era that it supports; the floor of each era is first. */
export const contenders = servers.flatMap(({ eras, ...server }) =>
  eras.map((era) => ({ ...server, era, title: era === 'legacy' ? server.name : `${server.name} [modern]` })),
);

/** The contenders of a group that have the same era as a contender. */
export const groupOf = (group, { era }) => contenders.filter((other) => other.group === group && other.era === era);

/** The floor that a contender is compared with. */
export const floorOf = ({ era }) => contenders.find((contender) => contender.group === 'floor' && contender.era === era);
