/**
 * A server of FastMCP. It is large (63 MB with what it needs), so that it is installed for this test alone: in CI, or with INTEROP_FASTMCP=1. Where
 * it is there already, it is used.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

import { COMPARED, seenBy } from './compared.js';
import { closeBenches, openBench } from './support.js';

const VERSION = '4.20.16';
const folder = join(import.meta.dirname, '../../../node_modules/.cache', `fastmcp-${VERSION}`);
const installed = join(folder, 'node_modules/fastmcp/package.json');
const wanted = existsSync(installed) || Boolean(process.env['CI']) || Boolean(process.env['INTEROP_FASTMCP']);

beforeAll(async () => {
  if (!wanted || existsSync(installed)) return;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  const packages = [`fastmcp@${VERSION}`, 'zod@4.6.7'];
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder, ...packages]);
}, 300_000);
afterEach(closeBenches);

const itWhere = wanted ? it : it.skip;

itWhere(
  `FastMCP ${VERSION} gives through a mount what it gives directly${wanted ? '' : ' (not installed: INTEROP_FASTMCP=1)'}`,
  async () => {
    const command = process.execPath;
    const args = [join(import.meta.dirname, 'fastmcp-server.mjs'), folder];
    const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
    // It speaks the era before 2026-07-28.
    const options = { ...COMPARED, versionNegotiation: { mode: 'legacy' as const } };
    const direct = new Client({ name: 'client', version: '1' }, options);
    await direct.connect(new StdioClientTransport({ command, args, env, stderr: 'ignore' }));
    const bench = openBench({ mcpServers: { real: { command, args, env, prefix: '' } } });
    const through = await bench.client(options);
    const seen = await seenBy(through);
    expect(seen).toEqual(await seenBy(direct));
    expect(seen['asked']).toHaveLength(2);
    expect(bench.mounts.status()[0]).toMatchObject({ server: { name: 'complete', version: '3.0.0' }, leftOut: [] });
    await direct.close();
    await bench.close();
  },
  60_000,
);
