import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** pnpm through npx: version 11 does not run on Node 20, and corepack there has outdated keys. */
export const pnpm = 'pnpm@12.21.0';
export const bin = (name) => join(root, 'node_modules', '.bin', name);

/**
 * Runs a command to its end. With `quiet`, its output is shown only if it fails. A command that runs longer than `timeoutMs`
 * is killed, with everything it started.
 */
export function run(command, args = [], { cwd = root, env, quiet = false, input, timeoutMs } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
      // With a time limit: a process group of its own, to kill grandchildren too. Without: none, so that Ctrl+C reaches all.
      detached: timeoutMs !== undefined,
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text));
    if (input !== undefined) child.stdin.on('error', () => {}).end(input);
    let expired = false;
    const timer =
      timeoutMs &&
      setTimeout(() => {
        expired = true;
        try {
          process.kill(-child.pid, 'SIGKILL');
        } catch {
          // It has already exited by itself.
        }
      }, timeoutMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) return resolve({ stdout, stderr });
      const why = expired ? `no end after ${timeoutMs / 1000} s` : code === null ? `killed by ${signal}` : `exit code ${code}`;
      reject(new Error(`${[command, ...args].join(' ')}: ${why}\n${stdout}${stderr}`.trimEnd()));
    });
  });
}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Prints the name of a step, runs it, and prints how long it took. */
export async function step(label, work) {
  const started = performance.now();
  process.stdout.write(`› ${label}\n`);
  const value = await work();
  process.stdout.write(`  ${label}: done in ${seconds(started)}\n`);
  return value;
}

/**
 * One check. Prints whether it passed, never throws. The results are also appended to the file named by
 * CHECKS_FILE, from which .ci/run counts them.
 */
export async function check(name, work) {
  const started = performance.now();
  let failure;
  try {
    await work();
  } catch (error) {
    failure = error;
  }
  const ok = failure === undefined;
  process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds(started)})\n`);
  if (!ok) {
    process.stdout.write(`${failure instanceof Error ? failure.message : String(failure)}\n`.replace(/^(?=.)/gm, '     '));
    process.exitCode = 1;
  }
  if (process.env.CHECKS_FILE) appendFileSync(process.env.CHECKS_FILE, `${JSON.stringify({ name, ok })}\n`);
  return ok;
}

/** A free port on loopback. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
