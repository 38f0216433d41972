/**
 * The MCP Inspector's command line, in both eras and over all transports. It is large and newer than Node 20, so that it is installed for this test alone:
 * in CI, or with INTEROP_INSPECTOR=1. Where it is there already, it is used.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { Json } from './raw-peer.js';
import type { HomeServer } from './served.js';
import { serveHome } from './served.js';
import type { Home } from './sidecar.js';
import { bin as daemon, callsOf, createHome, environment } from './sidecar.js';

const VERSION = '2.12.0';
const run = promisify(execFile);
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = join(root, 'node_modules/.cache', `inspector-${VERSION}`);
const inspector = join(folder, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js');
const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const node = join(folder, 'node_modules', nodePackage, 'bin/node');
const wanted = existsSync(inspector) || Boolean(process.env['CI']) || Boolean(process.env['INTEROP_INSPECTOR']);

let home: Home;
let server: HomeServer | undefined;

beforeAll(async () => {
  home = await createHome();
  if (!wanted) return;
  server = await serveHome(home);
  if (existsSync(inspector)) return;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  const packages = [`@modelcontextprotocol/inspector@${VERSION}`, `${nodePackage}@24`];
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder, ...packages]);
}, 300_000);
afterAll(async () => {
  await server?.stop();
  await home.remove();
});

/** How it is told of a server, for each transport. */
const flagsFor = {
  async stdio(): Promise<string[]> {
    const file = join(home.folder, 'host.json');
    const [command, ...args] = [process.execPath, ...home.args()];
    await writeFile(file, JSON.stringify({ mcpServers: { everything: { command, args } } }));
    return ['--config', file, '--server', 'everything'];
  },
  'Streamable HTTP': async (): Promise<string[]> => ['--transport', 'http', '--server-url', server!.http],
  'HTTP+SSE': async (): Promise<string[]> => ['--transport', 'sse', '--server-url', server!.sse],
};
const runs = (['stdio', 'Streamable HTTP', 'HTTP+SSE'] as const).flatMap((transport) =>
  (['legacy', 'modern'] as const).map((era) => ({ transport, era })),
);

const describeWhere = wanted ? describe : describe.skip;

describeWhere.each(runs)(
  `Inspector ${VERSION}, $era over $transport${wanted ? '' : ' (not installed: INTEROP_INSPECTOR=1)'}`,
  ({ transport, era }) => {
    /** Runs one method. */
    async function ask(method: string, ...args: string[]): Promise<Json> {
      const flags = [...(await flagsFor[transport]()), '--protocol-era', era, '--format', 'json', '--quiet'];
      const { stdout } = await run(node, [inspector, '--cli', ...flags, '--method', method, ...args], {
        env: { ...environment(), HOME: home.folder },
        maxBuffer: 10_000_000,
      });
      const printed = JSON.parse(stdout) as Json;
      return (printed['result'] ?? printed) as Json;
    }
    const names = (list: unknown): unknown[] => (list as Json[]).map(({ name }) => name);

    it('lists tools, resources, templates and prompts', async () => {
      expect(names((await ask('tools/list'))['tools'])).toContain('json_schema_2020_12_tool');
      expect(names((await ask('resources/list'))['resources'])).toEqual([
        'static-text',
        'static-binary',
        'watched-resource',
        'count-words',
      ]);
      expect(names((await ask('resources/templates/list'))['resourceTemplates'])).toEqual(['template']);
      expect(names((await ask('prompts/list'))['prompts'])).toContain('test_simple_prompt');
    });

    it('calls tools, and gets structured content', async () => {
      const text = await ask('tools/call', '--tool-name', 'test_simple_text');
      expect(text['content']).toEqual([{ type: 'text', text: 'This is a simple text response for testing.' }]);
      const structured = await ask('tools/call', '--tool-name', 'test_structured', '--tool-arg', 'text=one two');
      expect(structured['structuredContent']).toEqual({ characters: 7, words: 2 });
    });

    it('reads resources and gets prompts', async () => {
      const read = await ask('resources/read', '--uri', 'test://template/7/data');
      expect((read['contents'] as Json[])[0]).toMatchObject({ uri: 'test://template/7/data', mimeType: 'application/json' });
      const prompt = await ask('prompts/get', '--prompt-name', 'test_prompt_with_arguments', '--prompt-args', 'arg1=a', 'arg2=b');
      expect((prompt['messages'] as Json[])[0]?.['content']).toEqual({
        type: 'text',
        text: "Prompt with arguments: arg1='a', arg2='b'",
      });
    });

    it('is opened by "mcp-daemon inspect", with the right arguments', async () => {
      // In place of npx, which would download the Inspector again.
      const bin = join(home.folder, 'bin');
      await mkdir(bin, { recursive: true });
      await writeFile(join(bin, 'npx'), `#!/bin/sh\nshift 2\nexec "${node}" "${inspector}" "$@"\n`, { mode: 0o755 });
      const target =
        transport === 'stdio' ? ['--config', home.config] : ['--url', transport === 'HTTP+SSE' ? server!.sse : server!.http];
      const more = ['--protocol-era', era, '--format', 'json', '--quiet', '--method', 'tools/list'];
      const { stdout } = await run(node, [daemon, 'inspect', '--cli', ...target, '--', ...more], {
        env: { ...environment(), PATH: `${bin}:${process.env['PATH']}`, HOME: home.folder },
        maxBuffer: 10_000_000,
      });
      const printed = JSON.parse(stdout) as Json;
      const { tools } = (printed['result'] ?? printed) as Json;
      expect(names(tools)).toContain('json_schema_2020_12_tool');
    });

    it('leaves its calls in the record', async () => {
      const calls = await callsOf(home, '--limit', '4');
      expect(calls.map(({ status }) => status)).toEqual(Array(4).fill('completed'));
    });
  },
);
