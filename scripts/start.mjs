/** `npm start`: sets up, then serves the example config over HTTP. Arguments go to the server: `npm start -- --port 9000`. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { root } from './lib.mjs';
import { setup } from './setup.mjs';

try {
  await setup();
  const command = join(root, 'packages/cli/dist/bin.js');
  const args = [command, '--transport', 'sse', '--config', 'examples/demo/mcp.json', ...process.argv.slice(2)];
  const daemon = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  // In a terminal, Ctrl+C reaches the server by itself. SIGTERM reaches only this process, so it is passed on.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => daemon.kill('SIGTERM'));
  daemon.on('close', (code) => (process.exitCode = code ?? 1));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
