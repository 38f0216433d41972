/**
 * Starts and stops the measured servers. No other process gets a signal.
 */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const GRACE_MS = 3_000;
const STDERR_KEPT = 2_000;

const running = new Set();

/** The environment without the variables of mcp-daemon that the user's shell may have set. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(?:MCP_|NODE_OPTIONS$|NODE_COMPILE_CACHE$|LOG_LEVEL$|AUTH_|ADMIN_|JWT_|HOST$|PORT$)/.test(name),
  ),
);

/**
 * Starts a Node program with pipes. `child.ended` resolves when it has exited.
 *
 * @param errors a file descriptor for stderr; without it, the last part of stderr is in `child.said`
 * @param env variables besides those of this process
 */
export function start(args, { errors = 'pipe', ipc = false, env = {} } = {}) {
  const stdio = ['pipe', 'pipe', errors, ...(ipc ? ['ipc'] : [])];
  const child = spawn(process.execPath, args, { stdio, env: { ...environment, ...env } });
  running.add(child);
  child.said = '';
  child.stderr?.setEncoding('utf8').on('data', (text) => (child.said = (child.said + text).slice(-STDERR_KEPT)));
  child.stdin.on('error', () => {});
  child.ended = new Promise((resolve) => {
    const end = (why) => {
      running.delete(child);
      resolve(why);
    };
    child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    child.once('error', (error) => end(error.message));
  });
  return child;
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has already exited.
  }
}

/** Stops a server as a host does, by closing its input, or with a signal; kills it if it does not exit. */
export async function stop(child, signal) {
  if (!running.has(child)) return;
  child.stdin.end();
  if (signal !== undefined) child.kill(signal);
  const waiting = new AbortController();
  const late = sleep(GRACE_MS, 'late', { signal: waiting.signal }).catch(() => undefined);
  if ((await Promise.race([child.ended, late])) === 'late') kill(child.pid);
  waiting.abort();
  await child.ended;
}

/** Kills all running servers at once. This program calls it last. */
export function stopAll() {
  for (const child of running) kill(child.pid);
}
