/** After all tests: removes the temporary folder of the run, and names what tests have left in it. */
import { readdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';

/** Not left by tests: Node's cache of compiled code. */
const CACHES = new Set(['node-compile-cache']);

export default function removeTempRoot() {
  const folder = process.env.TMPDIR ?? '';
  if (!/^mcpd-\w{6}$/.test(basename(folder))) return;
  const left = readdirSync(folder).filter((name) => !CACHES.has(name));
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  delete process.env.TMPDIR;
  if (left.length > 0)
    process.stderr.write(`\nTests have left in the temporary folder:\n${left.map((name) => `  ${name}\n`).join('')}`);
}
