/**
 * Runs a command beside Ceph's radosgw, an S3 that is not of AWS, whose address is in RADOSGW:
 *
 *   node scripts/radosgw.mjs npm run jest -- packages/aws/test/engines
 *
 * It needs the Debian packages ceph-mon, ceph-osd and radosgw, and listens on loopback: a monitor, one store in memory, and the gateway,
 * with the keys TESTKEY and TESTSECRET. All of it is in a temporary folder and ends with the command.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from './lib.mjs';

const START_MS = 120_000;
const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  process.stderr.write('Usage: node scripts/radosgw.mjs COMMAND [ARGUMENTS]\n');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'radosgw-'));
const at = (...names) => join(folder, ...names);
const conf = at('ceph.conf');
const keyring = at('keyring');
const daemons = [];
const until = Date.now() + START_MS;

/** Runs a program of Ceph to its end. @returns whether it succeeded, and what it printed */
function tried(program, ...parameters) {
  const { status, error, stdout, stderr } = spawnSync(program, parameters, { encoding: 'utf8', timeout: 30_000 });
  return { ok: status === 0, text: `${error?.message ?? ''}${stdout ?? ''}${stderr ?? ''}` };
}

function must(program, ...parameters) {
  const { ok, text } = tried(program, ...parameters);
  if (!ok) throw new Error(`${program} ${parameters.join(' ')}: ${text}`);
}

const ceph = (...parameters) => tried('ceph', '-c', conf, '--connect-timeout', '3', ...parameters);

/** Starts a daemon of Ceph in the foreground, with its output in a file. */
function daemon(name, program, ...parameters) {
  const log = at('log', `${name}.out`);
  const child = spawn('sh', ['-c', 'exec "$@" >"$0" 2>&1', log, program, ...parameters, '-c', conf, '-f'], { stdio: 'ignore' });
  daemons.push({ child, name, log, ended: new Promise((resolve) => child.once('exit', resolve)) });
}

async function wait(what, probe) {
  while (!(await probe())) {
    const gone = daemons.find(({ child }) => child.exitCode !== null);
    if (gone !== undefined) throw new Error(`${gone.name} has ended: ${readFileSync(gone.log, 'utf8').slice(-1_000)}`);
    if (Date.now() > until) throw new Error(`waited ${START_MS / 1_000} s for ${what}`);
    await sleep(200);
  }
}

async function answers(endpoint) {
  try {
    return (await fetch(endpoint)).status === 200;
  } catch {
    return false;
  }
}

async function begin() {
  const [v2, v1, port] = [await freePort(), await freePort(), await freePort()];
  for (const name of ['mon', 'osd', 'log', 'run', 'rgw']) mkdirSync(at(name));
  const fsid = randomUUID();
  const monitor = `[v2:127.0.0.1:${v2}/0,v1:127.0.0.1:${v1}/0]`;
  const settings = {
    fsid,
    'mon host': monitor,
    'mon initial members': 'a',
    'public addr': '127.0.0.1',
    'cluster addr': '127.0.0.1',
    'ms bind ipv6': false,
    keyring,
    'osd pool default size': 1,
    'osd pool default min size': 1,
    'osd pool default pg num': 8,
    'osd pool default pg autoscale mode': 'off',
    'mon allow pool size one': true,
    'mon max pg per osd': 1_000,
    'osd crush chooseleaf type': 0,
    'osd objectstore': 'memstore',
    'memstore device bytes': 2 ** 30,
    'osd data': at('osd'),
    'mon data': at('mon'),
    'rgw data': at('rgw'),
    'rgw frontends': `beast endpoint=127.0.0.1:${port}`,
    'log file': at('log', '$name.log'),
    'admin socket': at('run', '$name.asok'),
    'pid file': at('run', '$name.pid'),
    'run dir': at('run'),
    // The disk of a test machine may be nearly full: Ceph keeps almost nothing there.
    'mon data avail crit': 1,
    'mon data avail warn': 2,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  writeFileSync(conf, `[global]\n${lines.join('\n')}\n`);

  const all = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *', '--cap', 'mgr', 'allow *'];
  must('ceph-authtool', '--create-keyring', keyring, '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *');
  for (const name of ['client.admin', 'osd.0', 'client.rgw']) must('ceph-authtool', keyring, '--gen-key', '-n', name, ...all);
  must('monmaptool', '--create', '--fsid', fsid, '--addv', 'a', monitor.replaceAll('/0', ''), at('monmap'));
  must('ceph-mon', '-i', 'a', '--mkfs', '--monmap', at('monmap'), '--keyring', keyring, '-c', conf);
  daemon('ceph-mon', 'ceph-mon', '-i', 'a');
  await wait('the monitor', () => ceph('-s').ok);
  for (const step of [
    ['auth', 'import', '-i', keyring],
    ['osd', 'new', fsid, '0'],
  ]) {
    const { ok, text } = ceph(...step);
    if (!ok) throw new Error(`ceph ${step.join(' ')}: ${text}`);
  }
  must('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', fsid, '-c', conf);
  ceph('osd', 'crush', 'add', 'osd.0', '1.0', 'root=default', 'host=h1');
  daemon('ceph-osd', 'ceph-osd', '-i', '0');
  await wait('the store', () => ceph('osd', 'stat').text.includes('1 up'));
  daemon('radosgw', 'radosgw', '-n', 'client.rgw');
  const endpoint = `http://127.0.0.1:${port}`;
  await wait('the gateway', () => answers(endpoint));
  const keys = ['--uid=test', '--display-name=test', '--access-key=TESTKEY', '--secret-key=TESTSECRET'];
  must('radosgw-admin', '-n', 'client.rgw', '-c', conf, 'user', 'create', ...keys);
  return endpoint;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => {
    for (const { child } of daemons) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    process.exit(1);
  });

try {
  const began = Date.now();
  const RADOSGW = await begin();
  process.stdout.write(`radosgw answers after ${((Date.now() - began) / 1_000).toFixed(1)} s\n`);
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, RADOSGW } });
  process.exitCode = await new Promise((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      resolve(127);
    });
    child.once('exit', (status) => resolve(status ?? 1));
  });
} catch (error) {
  process.stderr.write(`radosgw: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  for (const { child } of daemons.reverse()) child.kill('SIGKILL');
  await Promise.all(daemons.map(({ ended }) => ended));
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
