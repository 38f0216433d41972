/**
 * Runs a command beside AWS's own DynamoDB Local, whose address is in DYNAMODB_LOCAL:
 *
 *   node scripts/dynamodb-local.mjs npm run jest -- packages/aws
 *
 * The jar comes from the npm package amplify-dynamodb-simulator (development only, under AWS's licence; it needs Java), once, into
 * DYNAMODB_LOCAL_DIR or node_modules/.cache. It listens on all interfaces and cannot be told otherwise: on Linux it runs, with the
 * command, in a network of its own that has nothing but loopback. MCP_DAEMON_HOST_NETWORK=1 leaves that out.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { root } from './lib.mjs';

const VERSION = '2.9.30';
const [command, ...args] = process.argv.slice(2);
const folder = process.env.DYNAMODB_LOCAL_DIR ?? join(root, 'node_modules/.cache/dynamodb-local');

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function quiet(program, parameters, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(program, parameters, { encoding: 'utf8', ...options });
  if (status !== 0) fail(`${program} ${parameters.join(' ')}: ${error?.message ?? ''}${stdout ?? ''}${stderr ?? ''}`);
  return stdout.trim();
}

/** Downloads the jar, where it is not there. @returns its folder */
function emulator() {
  const ready = join(folder, VERSION);
  if (existsSync(join(ready, 'package/emulator/DynamoDBLocal.jar'))) return join(ready, 'package/emulator');
  const making = `${ready}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  const packed = quiet('npm', ['pack', '--silent', `amplify-dynamodb-simulator@${VERSION}`], { cwd: making })
    .split('\n')
    .at(-1);
  quiet('tar', ['xzf', packed], { cwd: making });
  rmSync(join(making, packed));
  rmSync(ready, { recursive: true, force: true });
  renameSync(making, ready);
  return join(ready, 'package/emulator');
}

/** The same in a network namespace. @returns its exit code */
function isolated() {
  const namespace = process.getuid() === 0 ? ['-n'] : ['-rn'];
  const self = [process.execPath, fileURLToPath(import.meta.url), command, ...args];
  const script = 'ip link set lo up 2>/dev/null || ifconfig lo up; exec "$@"';
  const { status, error } = spawnSync('unshare', [...namespace, 'sh', '-c', script, 'sh', ...self], {
    stdio: 'inherit',
    env: { ...process.env, MCP_DAEMON_HOST_NETWORK: '1' },
  });
  if (error !== undefined) fail(`unshare: ${error.message}`);
  return status ?? 1;
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function answers(endpoint) {
  try {
    return (await fetch(endpoint)).status > 0;
  } catch {
    return false;
  }
}

if (command === undefined) fail('Usage: node scripts/dynamodb-local.mjs COMMAND [ARGUMENTS]');
if (spawnSync('java', ['-version']).status !== 0) fail('DynamoDB Local needs Java, which is not there.');
const jar = emulator();
if (process.platform === 'linux' && process.env.MCP_DAEMON_HOST_NETWORK !== '1') process.exit(isolated());

const port = await freePort();
const java = spawn(
  'java',
  [
    ...['-Djava.library.path=./DynamoDBLocal_lib', '-jar', 'DynamoDBLocal.jar'],
    ...['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)],
  ],
  { cwd: jar, stdio: 'ignore' },
);
const gone = new Promise((resolve) => java.once('exit', resolve));
const endpoint = `http://127.0.0.1:${port}`;
const until = Date.now() + 60_000;
while (!(await answers(endpoint))) {
  if (java.exitCode !== null) fail(`DynamoDB Local ended with ${java.exitCode}.`);
  if (Date.now() > until) fail('DynamoDB Local did not start within a minute.');
  await new Promise((resolve) => setTimeout(resolve, 100));
}
const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, DYNAMODB_LOCAL: endpoint } });
const code = await new Promise((resolve) => {
  child.once('error', (error) => {
    process.stderr.write(`${command}: ${error.message}\n`);
    resolve(127);
  });
  child.once('exit', (status) => resolve(status ?? 1));
});
java.kill('SIGKILL');
await gone;
process.exitCode = code;
