/** Shared by the examples: starts the stdio server as a host does. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

/** The built command. With the package installed, a host starts `npx mcp-daemon` instead. */
export const bin = fileURLToPath(new URL('../../packages/cli/dist/bin.js', import.meta.url));

/** A folder for records, removed when `work` is done. */
export async function withDataDir(work) {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-example-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Starts the stdio server with a config file, connects a client, and stops both when `work` is done. */
export async function withSidecar({ config, dataDir, args = [], options = {}, prepare = () => {} }, work) {
  const client = new Client({ name: 'example', version: '1.0.0' }, options);
  prepare(client);
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [bin, '--transport', 'stdio', '--config', config, '--data-dir', dataDir, ...args],
    }),
  );
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Runs the command and resolves with what it printed. */
export async function run(...args) {
  const { stdout } = await promisify(execFile)(process.execPath, [bin, ...args]);
  return stdout;
}
