/**
 * `init`: a config, a module, and how to go on.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { Failure, messageOf } from '../errors.js';
import type { Launch } from '../hosts/entry.js';
import { entryOf, serverName } from '../hosts/entry.js';
import { isFile } from '../settings/places.js';
import { shownPath } from '../terminal/text.js';
import type { Command } from './command.js';

const CONFIG = 'mcp.json';
const MODULE = 'functions.mjs';

/** Where an installed package keeps the schema of the config, which editors read. */
const SCHEMA = './node_modules/mcp-daemon/config.schema.json';

const link = (type: string, name: string, function_name: string): object => ({
  type,
  name,
  module_name: 'functions',
  function_name,
});

const config = (folder: string): object => ({
  ...(isFile(join(folder, SCHEMA)) ? { $schema: SCHEMA } : {}),
  tools: [
    {
      name: 'hello',
      description: 'Greet someone by name',
      inputSchema: {
        type: 'object',
        properties: { name: { type: 'string', description: 'Whom to greet', default: 'World' } },
      },
    },
    {
      name: 'add_numbers',
      description: 'Add two numbers',
      inputSchema: {
        type: 'object',
        properties: { a: { type: 'number', description: 'First number' }, b: { type: 'number', description: 'Second number' } },
        required: ['a', 'b'],
      },
    },
  ],
  resources: [{ name: 'status', uri: 'status://server', description: 'How the server is doing', mimeType: 'application/json' }],
  prompts: [
    {
      name: 'review',
      description: 'Ask for a review of a text',
      arguments: [{ name: 'text', description: 'What to review', required: true }],
    },
  ],
  module_links: [
    link('tool', 'hello', 'hello'),
    link('tool', 'add_numbers', 'addNumbers'),
    link('resource', 'status', 'status'),
    link('prompt', 'review', 'review'),
  ],
});

const CODE = `// The functions of mcp.json. Save this file and the next call runs the new code.

export function hello({ name }) {
  return \`Hello, \${name}!\`;
}

export function addNumbers({ a, b }) {
  return a + b;
}

export function status(uri, context) {
  return { uri, pid: process.pid, uptime: Math.round(process.uptime()), callId: context.callId };
}

export function review({ text }) {
  return \`Review this text. Name what is unclear and propose better words:\\n\\n\${text}\`;
}
`;

/** A word as a shell reads it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** Writes a first config and its module. */
export const init: Command<{ dir: string; force: boolean; launch: Launch }> = async ({ dir, force, launch }, context) => {
  const { print, paint } = context;
  const folder = resolve(dir);
  const files: [string, string][] = [
    [CONFIG, `${JSON.stringify(config(folder), null, 2)}\n`],
    [MODULE, CODE],
  ];
  const there = files.map(([name]) => join(folder, name)).filter((path) => existsSync(path));
  if (there.length > 0 && !force) {
    const verb = there.length === 1 ? 'exists' : 'exist';
    throw new Failure(`${there.map(shownPath).join(' and ')} ${verb} already; nothing was written. --force overwrites`);
  }
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of files) await writeFile(join(folder, name), text);
  } catch (error) {
    throw new Failure(`cannot write to ${folder}: ${messageOf(error)}`);
  }
  const file = join(folder, CONFIG);
  const named = folder === process.cwd() ? '' : `--config ${quoted(shownPath(file))} `;
  const self = launch.shown;
  const entry = { mcpServers: { [serverName({}, file)]: entryOf(launch, file, []) } };
  for (const [name] of files) print(`${paint('green', 'wrote')} ${shownPath(join(folder, name))}`);
  print('');
  print(paint('bold', 'Try it'));
  print(`  ${self} ${named}list`);
  print(`  ${self} ${named}call hello '{"name":"Ada"}'`);
  print('');
  print(paint('bold', 'Give it to a host'));
  print(`  ${self} ${named}install claude-desktop    (or claude-code, cursor, vscode)`);
  print('or paste this into its config file:');
  print(JSON.stringify(entry, null, 2));
  return 0;
};
