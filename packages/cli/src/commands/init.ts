/**
 * `init`: writes a first config file and a module, and prints the next steps.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { Failure, messageOf } from '../errors.js';
import { serverName, stdioArgs } from '../hosts/entry.js';
import { isFile } from '../settings/paths.js';
import { displayPath } from '../terminal/text.js';
import { defineCommand, switchFlag } from './command.js';

const CONFIG = 'mcp.json';
const MODULE = 'functions.mjs';

/** The JSON Schema of the config file in an installed package; editors use it. */
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
        properties: { name: { type: 'string', description: 'Name to greet', default: 'World' } },
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
  resources: [{ name: 'status', uri: 'status://server', description: 'Status of the server', mimeType: 'application/json' }],
  prompts: [
    {
      name: 'review',
      description: 'Review a text',
      arguments: [{ name: 'text', description: 'Text to review', required: true }],
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
  return \`Review this text. Point out what is unclear and suggest better wording:\\n\\n\${text}\`;
}
`;

/** A word, quoted for a shell where needed. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** Writes a first config file and a module. */
export const init = defineCommand({
  command: 'init [dir]',
  description: 'Write a first config file and a module',
  positionals: { dir: { type: 'string', default: '.', describe: 'Folder to write to; created if needed' } },
  flags: { force: switchFlag('Overwrite existing files') },
  async run({ dir, force }, { launch, print, paint }) {
    const folder = resolve(dir);
    const files: [string, string][] = [
      [CONFIG, `${JSON.stringify(config(folder), null, 2)}\n`],
      [MODULE, CODE],
    ];
    const existing = files.map(([name]) => join(folder, name)).filter((path) => existsSync(path));
    if (existing.length > 0 && !force) {
      const [verb, object] = existing.length === 1 ? ['exists', 'it'] : ['exist', 'them'];
      const names = existing.map(displayPath).join(' and ');
      throw new Failure(`${names} already ${verb}; nothing was written. Pass --force to overwrite ${object}`);
    }
    try {
      await mkdir(folder, { recursive: true });
      for (const [name, text] of files) await writeFile(join(folder, name), text);
    } catch (error) {
      throw new Failure(`cannot write to ${folder}: ${messageOf(error)}`);
    }
    const self = launch();
    const file = join(folder, CONFIG);
    const flags = folder === process.cwd() ? '' : `--config ${quoted(displayPath(file))} `;
    const entry = { mcpServers: { [serverName({}, file)]: { command: self.command, args: stdioArgs(self, file) } } };
    for (const [name] of files) print(`${paint('green', 'wrote')} ${displayPath(join(folder, name))}`);
    print('');
    print(paint('bold', 'Try it'));
    print(`  ${self.shown} ${flags}list`);
    print(`  ${self.shown} ${flags}call hello '{"name":"Ada"}'`);
    print('');
    print(paint('bold', 'Add it to a host'));
    print(`  ${self.shown} ${flags}install claude-desktop    ("install --help" lists the hosts)`);
    print('or paste this into the config file of the host:');
    print(JSON.stringify(entry, null, 2));
    return 0;
  },
});
