/** Where the tests find the built command, and a copy of the config that has everything. */
import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The command under test; another one can be named. */
export const bin = process.env['MCP_DAEMON_BIN'] ?? join(root, 'packages/cli/dist/bin.js');
if (!existsSync(bin)) throw new Error(`${bin} is not there: npm run build`);

/** How a child sees the world: as a host starts it, without settings of whoever runs the tests. */
export const environment = (): Record<string, string> => {
  const { PATH = '', HOME = '', SystemRoot = '', TEMP = '' } = process.env;
  return { PATH, HOME, ...(SystemRoot === '' ? {} : { SystemRoot, TEMP }) };
};

/** A folder of its own for one sidecar: config, module, records. */
export interface Home {
  readonly folder: string;
  readonly config: string;
  readonly dataDir: string;
  /** Arguments of the sidecar. */
  args(...more: string[]): string[];
  /** Saves the config file, changed. */
  edit(change: (config: Record<string, unknown[]>) => void): Promise<void>;
  /** What another command prints, such as `calls list --json`. */
  command(...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

/** Copies an example to where it may be changed. */
export async function createHome(example = 'everything'): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-interop-'));
  await cp(join(root, 'examples', example), folder, { recursive: true });
  const config = join(folder, 'mcp.json');
  const dataDir = join(folder, 'data');
  return {
    folder,
    config,
    dataDir,
    args: (...more) => [bin, '--transport', 'stdio', '--config', config, '--data-dir', dataDir, ...more],
    async edit(change) {
      const parsed = JSON.parse(await readFile(config, 'utf8')) as Record<string, unknown[]>;
      change(parsed);
      await writeFile(`${config}.new`, JSON.stringify(parsed, null, 2));
      await rename(`${config}.new`, config);
    },
    async command(...args) {
      const options = { env: environment(), maxBuffer: 500_000_000 };
      // Without the error's own stack: a bundle's lines fill the screen.
      const failed = ({ message }: Error): never => assert.fail(message.slice(0, 1_000));
      return (await promisify(execFile)(process.execPath, [bin, ...args], options).catch(failed)).stdout;
    },
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** The record of a home, newest first. */
export async function callsOf(home: Home, ...filters: string[]): Promise<Record<string, unknown>[]> {
  return JSON.parse(await home.command('calls', 'list', '--json', '--data-dir', home.dataDir, ...filters)) as Record<
    string,
    unknown
  >[];
}
