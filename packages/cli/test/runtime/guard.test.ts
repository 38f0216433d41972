import { TempFolder, toolsConfig } from '../support.js';

/** Ways to print, by name. Each prints its name. */
const WAYS: Record<string, string> = {
  log: `console.log('way:log')`,
  info: `console.info('way:info')`,
  table: `console.table([{ 'way:table': 1 }])`,
  dir: `console.dir('way:dir')`,
  own_console: `new Console(process.stdout).log('way:own_console')`,
  stdout_write: `process.stdout.write('way:stdout_write\\n')`,
  stdout_named: `namedStdout.write('way:stdout_named\\n')`,
  write_sync: `fs.writeSync(1, 'way:write_sync\\n')`,
  write_sync_named: `writeSync(1, 'way:write_sync_named\\n')`,
  write_async: `await new Promise((done) => fs.write(1, 'way:write_async\\n', done))`,
  write_promisified: `await promisify(fs.write)(1, 'way:write_promisified\\n')`,
  writev: `fs.writevSync(1, [Buffer.from('way:writev\\n')])`,
  write_file: `fs.writeFileSync(1, 'way:write_file\\n')`,
  append_file: `fs.appendFileSync(1, 'way:append_file\\n')`,
  dev_stdout: `fs.writeFileSync('/dev/stdout', 'way:dev_stdout\\n')`,
  dev_stdout_promise: `await promises.appendFile('/dev/stdout', 'way:dev_stdout_promise\\n')`,
  stream: `await new Promise((done) => fs.createWriteStream(null, { fd: 1 }).end('way:stream\\n', done))`,
  required: `require('node:fs').writeSync(1, 'way:required\\n')`,
  spawn_inherit: `await ended(spawn('echo', ['way:spawn_inherit'], { stdio: 'inherit' }))`,
  spawn_array: `await ended(spawn('echo', ['way:spawn_array'], { stdio: ['ignore', 'inherit', 'inherit'] }))`,
  spawn_number: `await ended(spawn('echo', ['way:spawn_number'], { stdio: ['ignore', 1, 2] }))`,
  spawn_stream: `await ended(spawn('echo', ['way:spawn_stream'], { stdio: ['ignore', process.stdout, 2] }))`,
  spawn_sync: `spawnSync('echo', ['way:spawn_sync'], { stdio: 'inherit' })`,
  exec_sync: `execSync('echo way:exec_sync', { stdio: 'inherit' })`,
  exec_file_sync: `execFileSync('echo', ['way:exec_file_sync'], { stdio: ['ignore', 'inherit', 'ignore'] })`,
  forked: `await ended(fork(new URL('./child.mjs', import.meta.url)))`,
};

const MODULE = `
import fs, { writeSync } from 'node:fs';
import promises from 'node:fs/promises';
import { Console } from 'node:console';
import { createRequire } from 'node:module';
import { stdout as namedStdout } from 'node:process';
import { execFileSync, execSync, fork, spawn, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
const require = createRequire(import.meta.url);
const ended = (child) => new Promise((done) => child.once('close', done));
console.log('way:import');
${Object.entries(WAYS)
  .map(([name, code]) => `export async function ${name}() { ${code}; return 'done ${name}'; }`)
  .join('\n')}
export function piped() { return execSync('echo captured').toString().trim(); }
export function file() { fs.writeFileSync(new URL('./out.txt', import.meta.url), 'kept'); return fs.readFileSync(new URL('./out.txt', import.meta.url), 'utf8'); }
`;

describe('output of a function', () => {
  const temp = new TempFolder();
  afterAll(() => temp.remove());

  it('output reaches stderr and never stdout, whichever API prints it', async () => {
    const names = [...Object.keys(WAYS), 'piped', 'file'];
    await temp.write('mcp.json', toolsConfig('ways', ...names));
    await temp.write('ways.mjs', MODULE);
    await temp.write('child.mjs', `console.log('way:forked'); process.disconnect();`);
    const sidecar = await temp.sidecar([]);
    for (const name of Object.keys(WAYS)) expect(await sidecar.call(name)).toBe(`done ${name}`);
    // Other files and pipes are not affected.
    expect(await sidecar.call('piped')).toBe('captured');
    expect(await sidecar.call('file')).toBe('kept');

    sidecar.child.stdin.end();
    expect((await sidecar.exited).code).toBe(0);
    expect(sidecar.strays).toEqual([]);
    const missing = ['import', ...Object.keys(WAYS)].filter((name) => !sidecar.stderr.includes(`way:${name}`));
    expect(missing).toEqual([]);
  });
});
