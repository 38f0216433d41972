/**
 * `init`: writes a first project, and prints the next steps.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { Failure, messageOf } from '../errors.js';
import { serverName, stdioArgs } from '../hosts/entry.js';
import { HOST_NAMES } from '../hosts/locations.js';
import { isFile } from '../settings/paths.js';
import { displayPath } from '../terminal/text.js';
import { defineCommand, switchFlag } from './command.js';
import type { InitFile } from './init-files.js';
import { quoted } from './shell.js';

/** The JSON Schema of the config file in an installed package. */
const INSTALLED_SCHEMA = './node_modules/mcp-daemon/config.schema.json';

/** Whether this Node itself runs TypeScript, as in tests; the server does so on every Node. */
const runsTypeScript = (): boolean => Boolean((process.features as { typescript?: unknown }).typescript);

/** Throws where a file would be overwritten. */
function refuseExisting(folder: string, files: readonly InitFile[], force: boolean): void {
  // The other default name of a config file: mcp.json would be served in its place.
  const shadowed = join(folder, 'mcp-daemon.json');
  if (isFile(shadowed)) throw new Failure(`${displayPath(shadowed)} is a config file already; nothing was written`);
  const existing = files
    .filter(({ isKept }) => !isKept)
    .map(({ name }) => join(folder, name))
    .filter((path) => existsSync(path));
  if (existing.length === 0 || force) return;
  const [verb, object] = existing.length === 1 ? ['exists', 'it'] : ['exist', 'them'];
  const names = existing.map(displayPath).join(', ');
  throw new Failure(`${names} already ${verb}; nothing was written. Pass --force to overwrite ${object}`);
}

/** Writes the files. @returns the names of those that were written */
async function writeFiles(folder: string, files: readonly InitFile[]): Promise<string[]> {
  const written: string[] = [];
  try {
    await mkdir(folder, { recursive: true });
    for (const { name, text, isKept } of files) {
      if (isKept && existsSync(join(folder, name))) continue;
      await writeFile(join(folder, name), text);
      written.push(name);
    }
  } catch (error) {
    throw new Failure(`cannot write to ${folder}: ${messageOf(error)}`);
  }
  return written;
}

/** Writes a first project. */
export const init = defineCommand({
  command: 'init [dir]',
  description: 'Write a first config file, its functions and a test',
  positionals: { dir: { type: 'string', default: '.', describe: 'Folder to write to; created if needed' } },
  flags: {
    ts: switchFlag('Write the functions in TypeScript'),
    class: switchFlag('Write the functions as methods of a class that gets a setting'),
    force: switchFlag('Overwrite the config file, the functions and the test'),
  },
  examples: [
    ['init my-tools', 'Write a project to my-tools/'],
    ['init my-tools --ts', 'The same in TypeScript'],
  ],
  async run({ dir, ts, class: isClass, force }, { launch, print, note, paint }) {
    const { CONFIG, filesOf, SCHEMA_COPY, TS_TEST } = await import('./init-files.js');
    const folder = resolve(dir);
    const file = join(folder, CONFIG);
    const schema = isFile(join(folder, INSTALLED_SCHEMA)) ? INSTALLED_SCHEMA : `./${SCHEMA_COPY}`;
    const files = filesOf({ name: serverName({}, file), isTypeScript: ts, isClass, schema });
    refuseExisting(folder, files, force);
    const written = await writeFiles(folder, files);
    for (const { name } of files) {
      const word = written.includes(name) ? paint('green', 'wrote') : paint('dim', 'kept');
      print(`${word} ${displayPath(join(folder, name))}`);
    }
    // Node itself runs TypeScript from 22.18 on; before that, its test runner needs help.
    const runner = ts && !runsTypeScript() ? `npx tsx --test ${TS_TEST}` : 'node --test';
    if (runner !== 'node --test')
      note(
        `The server runs TypeScript on this Node ${process.versions.node}. "npm test" needs Node 22.18, 23.6 or newer, or tsx.`,
      );
    const self = launch();
    const flags = folder === process.cwd() ? '' : `--config ${quoted(displayPath(file))} `;
    const test = folder === process.cwd() ? runner : `(cd ${quoted(displayPath(folder))} && ${runner})`;
    const entry = { mcpServers: { [serverName({}, file)]: { command: self.command, args: stdioArgs(self, file) } } };
    print('');
    print(paint('bold', 'Try it'));
    print(`  ${self.shown} ${flags}list`);
    print(`  ${self.shown} ${flags}call hello '{"name":"Ada"}'`);
    print(`  ${test}`);
    print('');
    print(paint('bold', 'Add it to a host'));
    print(`  ${self.shown} ${flags}install ${HOST_NAMES[0]}`);
    print(`  (or ${HOST_NAMES.slice(1).join(', ')})`);
    print('or paste this into the config file of the host:');
    print(JSON.stringify(entry, null, 2));
    return 0;
  },
});
