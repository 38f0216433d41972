/** A new bundle is tried on yesterday's calls: one with a fault is stopped, the mended one passes. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { bin, withDataDir } from '../support/sidecar.mjs';

/** The code of the bundle: prices with tax. */
const code = (tax) => `export const price = ({ net }) => ({ net, gross: Math.round(net * ${tax}) / 100 });\n`;
const config = {
  tools: [{ name: 'price', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }],
  module_links: [{ type: 'tool', name: 'price', module_name: 'shop', function_name: 'price', return_type: 'json' }],
  modules: [{ module_name: 'shop', package_name: 'shop' }],
};
const META = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };

await withDataDir(async (folder) => {
  const env = { ...process.env, HOME: folder, MCP_DATA_DIR: join(folder, 'data'), FUNCT_ZIP_PATH: join(folder, 'bundles') };
  const run = (...args) =>
    new Promise((resolve) =>
      execFile(process.execPath, [bin, ...args], { env, cwd: folder }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      ),
    );
  await mkdir(join(folder, 'bundles'));

  /** Makes a bundle of the code, and pushes it. */
  async function push(tax, ...flags) {
    await mkdir(join(folder, 'shop'), { recursive: true });
    await writeFile(join(folder, 'shop', 'mcp_configuration.json'), JSON.stringify(config));
    await writeFile(join(folder, 'shop', 'shop.mjs'), code(tax));
    const built = await run('bundle', 'build', 'shop', '--out', `shop-${tax}.zip`);
    assert.equal(built.code, 0, built.stderr);
    return run('bundle', 'push', `shop-${tax}.zip`, '--name', 'shop', '--partition', 'acme', '--pin', '--yes', ...flags);
  }

  const first = await push('119');
  assert.equal(first.code, 0, first.stderr);

  // Clients call it, and the calls are recorded.
  const server = spawn(process.execPath, [bin, '--transport', 'stdio', '--partition', 'acme'], { env, cwd: folder });
  for (const net of [100, 250, 999]) {
    const params = { name: 'price', arguments: { net }, _meta: META };
    server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: net, method: 'tools/call', params })}\n`);
  }
  server.stdin.end();
  await new Promise((resolve) => server.once('close', resolve));

  // A digit is missing in the next version: it is not pushed, and what it would have changed is shown.
  const faulty = await push('19', '--promote-after', '3');
  assert.equal(faulty.code, 1);
  assert.match(faulty.stdout, /- \$\.structuredContent\.gross {2}119\n\s+\+ \$\.structuredContent\.gross {2}19/);
  assert.match(faulty.stderr, /not applied: 3 calls differ, and at most 0 may/);

  // The mended one gives the same results. The outcome is in the history.
  const mended = await push('119.0', '--promote-after', '3');
  assert.equal(mended.code, 0, mended.stderr);
  const history = JSON.parse((await run('config', 'history', '--partition', 'acme', '--json')).stdout);
  assert.equal(history.length, 2);
  assert.match(history[0].note, /^tried on 3 calls of 1 function: 0 differ, at most \d/);

  // Trials are recorded as replays of the calls.
  const calls = JSON.parse((await run('calls', 'list', '--partition', 'acme', '--json')).stdout);
  assert.equal(calls.filter((call) => call.replay_of === undefined).length, 3);
  assert.equal(calls.filter((call) => call.replay_of !== undefined).length, 12);
});

console.log('The bundle with a fault was stopped, and the mended one was pushed.');
