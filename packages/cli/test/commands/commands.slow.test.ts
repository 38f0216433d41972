import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { readTime } from '../../src/commands/record.js';
import { BIN, TempFolder } from '../support.js';

const VERSION = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

const CONFIG = {
  tools: [
    {
      name: 'sum',
      description: 'Adds',
      inputSchema: {
        type: 'object',
        properties: { a: { type: 'number' }, b: { type: 'number' }, note: { type: 'string' } },
        required: ['a'],
      },
    },
    { name: 'fails', inputSchema: { type: 'object' } },
    { name: 'steps', inputSchema: { type: 'object' } },
    { name: 'asks', inputSchema: { type: 'object' } },
    { name: 'chatty', inputSchema: { type: 'object' } },
  ],
  resources: [{ name: 'status', uri: 'status://server', description: 'State', mimeType: 'text/plain' }],
  resource_templates: [{ name: 'user', uriTemplate: 'user://{id}' }],
  prompts: [{ name: 'review', arguments: [{ name: 'text', required: true }] }],
  module_links: [
    ...['sum', 'fails', 'steps', 'asks', 'chatty'].map((name) => ({ type: 'tool', name })),
    { type: 'resource', name: 'status' },
    { type: 'resource_template', name: 'user' },
    { type: 'prompt', name: 'review' },
  ].map((link) => ({ ...link, module_name: 'functions', function_name: link.name })),
};

const MODULE = `
export const sum = ({ a, b = 0, note = '' }) => ({ sum: a + b, note });
export const fails = () => { throw new Error('no luck'); };
export const steps = (input, context) => { context.progress(1, 2, 'half'); context.log('info', 'a line'); return 'all'; };
export const asks = (input, context) => context.inputs.name ? 'hi' : context.inputRequired({ name: context.elicit('Your name?', { type: 'object', properties: { name: { type: 'string' } } }) });
export const chatty = () => { console.log('chatter'); setInterval(() => {}, 1000); return 'said'; };
export const status = () => 'fine';
export const user = (uri, { variables }) => 'user ' + variables.id;
export const review = ({ text }) => 'Review: ' + text;
`;

describe('commands', () => {
  const temp = new TempFolder();
  beforeAll(async () => {
    await temp.write('mcp.json', CONFIG);
    await temp.write('functions.mjs', MODULE);
  });
  afterAll(() => temp.remove());
  const run = (...args: string[]) => temp.run(args);

  it('--version and --help print to stdout', async () => {
    expect(await run('--version')).toMatchObject({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
    const { code, stdout, stderr } = await run('--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of ['init', 'install', 'calls', 'completion', '--data-dir', '[MCP_DATA_DIR]', 'Examples:'])
      expect(stdout).toContain(word);
    for (const command of ['init', 'install', 'uninstall', 'config', 'list', 'call', 'calls', 'completion']) {
      const help = await run(command, '--help');
      expect(help.code).toBe(0);
      expect(help.stdout).toContain(`mcp-daemon ${command}`);
    }
    // "host" is also the name of a setting.
    for (const command of ['install', 'uninstall'])
      expect((await run(command, '--help')).stdout).toContain('Positionals:\n  host  Host to configure\n');
  });

  it('list prints a table, or JSON with --json', async () => {
    const { code, stdout } = await run('list');
    expect(code).toBe(0);
    expect(stdout).toContain('TYPE      NAME    DESCRIPTION\ntool      sum     Adds\n');
    expect(stdout).toContain('resource  status  status://server — State\n');
    const list = JSON.parse((await run('list', '--json')).stdout) as { name: string }[];
    expect(list.map(({ name }) => name)).toEqual(['sum', 'fails', 'steps', 'asks', 'chatty', 'status', 'user', 'review']);
    expect(list[0]).toMatchObject({
      type: 'tool',
      module_name: 'functions',
      function_name: 'sum',
      inputSchema: { required: ['a'] },
    });
  });

  it.each([
    [['sum', '{"a":1,"b":2}'], '{\n  "sum": 3,\n  "note": ""\n}\n'],
    [['sum', 'a=1', 'b=2.5', 'note=007'], '{\n  "sum": 3.5,\n  "note": "007"\n}\n'],
    [['status'], 'fine\n'],
    [['status://server'], 'fine\n'],
    [['user', 'id=7'], 'user 7\n'],
    [['user://8'], 'user 8\n'],
    [['review', 'text=123'], 'user: Review: 123\n'],
    [['sum', '--', 'a=1', 'note=-x'], '{\n  "sum": 1,\n  "note": "-x"\n}\n'],
  ])('call %j prints the result', async (args, stdout) => {
    expect(await run('call', ...args)).toMatchObject({ code: 0, stdout, stderr: '' });
  });

  it('call --json prints the result as a host receives it', async () => {
    const { stdout } = await run('call', 'sum', '{"a":1}', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ content: [{ type: 'text' }] });
  });

  it('call reports what is wrong', async () => {
    expect(await run('call', 'fails')).toMatchObject({ code: 1, stdout: expect.stringContaining('no luck') as string });
    expect(await run('call', 'sum')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('missing required argument "a"') as string,
    });
    expect(await run('call', 'sun')).toMatchObject({ code: 1, stderr: expect.stringContaining('did you mean "sum"?') as string });
    expect(await run('call', 'none://x')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Resource not found') as string,
    });
    expect(await run('call', 'review')).toMatchObject({ code: 1 });
    expect(await run('call', 'user')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('missing value for "id" in user://{id}: pass id=VALUE') as string,
    });
    await temp.write('paged.json', {
      resource_templates: [{ name: 'users', uriTemplate: 'users://all{?page}' }],
      module_links: [{ type: 'resource', name: 'users', module_name: 'functions', function_name: 'user' }],
    });
    expect(await run('call', 'users', 'page=2', '--config', 'paged.json')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot fill in {?page} of users://all{?page}: pass the whole URI') as string,
    });
    expect(await run('call', 'sum', '{"a":')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('not valid JSON') as string,
    });
    expect(await run('call', 'sum', 'a')).toMatchObject({ code: 2, stderr: expect.stringContaining('name=value') as string });
    const asked = await run('call', 'asks');
    expect(asked.code).toBe(1);
    expect(asked.stderr).toContain('no terminal to answer it on');
  });

  it('call prints progress, logs and output of a function to stderr', async () => {
    const steps = await run('call', 'steps');
    expect(steps).toMatchObject({ code: 0, stdout: 'all\n' });
    expect(steps.stderr).toContain('… 1/2 half');
    expect(steps.stderr).toContain('[info] a line');
    expect(await run('call', 'chatty')).toMatchObject({ code: 0, stdout: 'said\n', stderr: 'chatter\n' });
  });

  it('colours are off without a terminal, and follow NO_COLOR and FORCE_COLOR', async () => {
    const esc = '\u001b[';
    expect((await run('list')).stdout).not.toContain(esc);
    expect((await temp.run(['list'], { env: { FORCE_COLOR: '1' } })).stdout).toContain(esc);
    expect((await temp.run(['list'], { env: { NO_COLOR: '1' } })).stdout).not.toContain(esc);
  });

  it('a closed pipe is not an error', async () => {
    const wide = new TempFolder();
    const names = Array.from({ length: 3_000 }, (_, index) => `tool_${index}`);
    await wide.write('mcp.json', {
      tools: names.map((name) => ({ name, description: 'x'.repeat(100) })),
      module_links: names.map((name) => ({ name, module_name: 'm', function_name: 'f' })),
    });
    const shell = `"${process.execPath}" "${BIN}" list | head -n 1; echo "codes \${PIPESTATUS[0]}"`;
    const child = spawn('bash', ['-c', shell], { cwd: wide.path, env: wide.env() });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => (out += String(data)));
    child.stderr.on('data', (data) => (err += String(data)));
    await new Promise((resolve) => child.once('close', resolve));
    wide.remove();
    expect(err).toBe('');
    expect(out).toBe('TYPE  NAME       DESCRIPTION\ncodes 0\n');
  });

  it('config check lists all errors of a file', async () => {
    expect(await run('config', 'check', 'mcp.json')).toMatchObject({
      code: 0,
      stdout: 'mcp.json: ok — 5 tools, 1 resource, 1 template, 1 prompt\n',
      stderr: '',
    });
    expect(await run('config', 'check', '--load')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('all code loaded') as string,
    });

    await temp.write('bad.json', '{\n  "tools": [\n    { "name": "a" }\n  ],\n  "extra": 1\n}\n');
    const bad = await run('config', 'check', 'bad.json');
    expect(bad.code).toBe(1);
    expect(bad.stdout).toBe('');
    expect(bad.stderr.split('\n')).toEqual([
      expect.stringMatching(/^bad\.json:3:5 \$\.tools\[0\]: /),
      ' 3 |     { "name": "a" }',
      '   |     ^',
      expect.stringMatching(/^bad\.json:5:\d+ \$\.extra: /),
      ' 5 |   "extra": 1',
      expect.stringMatching(/^ {3}\| +\^$/),
      'bad.json: 2 errors',
      '',
    ]);
    expect((await run('--config', 'bad.json')).code).toBe(2);
    await temp.write('empty.json', '');
    expect(await run('config', 'check', 'empty.json')).toMatchObject({ code: 1 });
    await temp.write('latin.json', '{}');
    expect(await run('config', 'check', 'missing.json')).toMatchObject({ code: 2 });
  });

  it('config check names warnings, which fail only with --strict', async () => {
    const tool = {
      name: 'a',
      category: 'x',
      inputSchema: { type: 'object', properties: { n: { type: 'integer', default: '5' } } },
    };
    await temp.write('warned.json', { tools: [tool], module_links: [{ name: 'a', module_name: 'm', function_name: 'f' }] });
    const lenient = await run('config', 'check', 'warned.json');
    expect(lenient).toMatchObject({ code: 0, stdout: 'warned.json: ok — 1 tool, 2 warnings\n' });
    expect(lenient.stderr.split('\n')).toEqual([
      expect.stringMatching(/^warning warned\.json:\d+:\d+ \$\.tools\[0\]\.category: unknown key/),
      ' 5 |       "category": "x",',
      '   |       ^',
      expect.stringMatching(/^warning warned\.json:\d+:\d+ \$\.tools\[0\]\.inputSchema\.properties\.n\.default: does not fit/),
      ' 11 |             "default": "5"',
      '    |             ^',
      '',
    ]);
    expect((await run('config', 'check', '--strict', 'warned.json')).code).toBe(1);
    expect((await run('config', 'check', '--hints', 'warned.json')).stderr).toContain('hint warned.json: no "instructions"');
  });

  it('config check --hints names tools that codex exec does not call', async () => {
    const tools = [
      { name: 'none' },
      { name: 'reads', annotations: { readOnlyHint: true } },
      { name: 'adds', annotations: { destructiveHint: false } },
      { name: 'adds_here', annotations: { destructiveHint: false, openWorldHint: false } },
    ];
    const module_links = tools.map(({ name }) => ({ name, module_name: 'm', function_name: name }));
    await temp.write('hints.json', { tools, module_links });
    const { stderr } = await run('config', 'check', '--hints', 'hints.json');
    expect(stderr).toMatch(/"codex exec" does not call, unless its config allows it: none, adds;/);
  });

  it('config check --json prints errors and warnings', async () => {
    const link = { name: 'a', module_name: 'm', function_name: 'f' };
    await temp.write('json.json', { tools: [{ name: 'a', category: 'x' }], module_links: [link] });
    const good = await run('config', 'check', '--json', 'json.json');
    expect([good.code, good.stderr]).toEqual([0, '']);
    const { errors, warnings, ok } = JSON.parse(good.stdout) as { errors: unknown[]; warnings: object[]; ok: boolean };
    expect([ok, errors, warnings]).toMatchObject([true, [], [{ path: '$.tools[0].category' }]]);
    expect(Object.keys(warnings[0]!).sort()).toEqual(['column', 'line', 'message', 'path']);
    await temp.write('json.json', { tools: [{ name: 'a', descripton: 'x' }], module_links: [link] });
    const bad = await run('config', 'check', '--json', 'json.json');
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ ok: false, errors: [{ path: '$.tools[0].descripton' }], warnings: [] });
  });

  it('config check --load reports missing code', async () => {
    const link = (name: string, rest: object) => ({ name, module_name: 'code', ...rest });
    await temp.write('load.json', {
      tools: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name })),
      module_links: [
        link('a', { function_name: 'helo' }),
        link('b', { class_name: 'Thng', function_name: 'run' }),
        link('c', { class_name: 'Thing', function_name: 'rum' }),
        link('d', { module_name: 'nowhere', function_name: 'x' }),
        link('e', { function_name: 'hello' }),
      ],
    });
    await temp.write('code.mjs', `console.log('noise'); export const hello = () => 1; export class Thing { run() {} }`);
    const { code, stdout, stderr } = await run('config', 'check', '--load', 'load.json');
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('load.json:20: tool "a": module "code" exports no function "helo"; did you mean "hello"?');
    expect(stderr).toContain('load.json:25: tool "b": module "code" has no class "Thng"; did you mean "Thing"?');
    expect(stderr).toContain('load.json:31: tool "c": class "Thing" of module "code" has no function "rum"; did you mean "run"?');
    expect(stderr).toContain('load.json:37: tool "d": module "nowhere"');
    expect(stderr).toContain('load.json: 4 functions cannot be called');
  });

  it('calls list and calls show print the record', async () => {
    const data = ['--data-dir', temp.at('calls')];
    expect(await run('calls', 'list', ...data)).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('no calls recorded') as string,
    });
    expect(await run('calls', 'list', '--json', ...data)).toMatchObject({ code: 0, stdout: '[]\n' });
    await run('call', 'sum', 'a=1', ...data);
    await run('call', 'fails', ...data);
    await run('call', 'status', ...data);

    const rows = async (...flags: string[]) =>
      JSON.parse((await run('calls', 'list', '--json', ...data, ...flags)).stdout) as Record<string, unknown>[];
    const names = async (...flags: string[]) => (await rows(...flags)).map(({ name }) => name);
    expect(await names()).toEqual(['status', 'fails', 'sum']);
    expect(await names('--limit', '2')).toEqual(['status', 'fails']);
    expect(await names('--name', 'sum')).toEqual(['sum']);
    expect(await names('--type', 'resource')).toEqual(['status']);
    expect(await names('--status', 'failed')).toEqual(['fails']);
    expect(await names('--since', '1h')).toHaveLength(3);
    expect(await names('--until', '1h')).toHaveLength(0);
    expect(await names('--since', '2020-01-01', '--until', '2020-01-02')).toEqual([]);

    const [sum] = await rows('--name', 'sum');
    expect(sum).toMatchObject({
      partition_key: 'default',
      mcp_function_call_uuid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      name: 'sum',
      mcp_type: 'tool',
      arguments: { a: 1 },
      content: { content: [{ type: 'text' }] },
      status: 'completed',
      time_spent: expect.any(Number) as number,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      updated_at: expect.stringMatching(/Z$/) as string,
    });
    const uuid = String(sum?.['mcp_function_call_uuid']);
    const shown = await run('calls', 'show', uuid, ...data);
    expect(shown.stdout).toContain('tool sum');
    expect(shown.stdout).toContain('"a": 1');
    expect(JSON.parse((await run('calls', 'show', uuid.toUpperCase().slice(0, 35), '--json', ...data)).stdout)).toEqual(sum);
    expect(await run('calls', 'show', '0', ...data)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('more than one call') as string,
    });
    expect(await run('calls', 'show', 'zzz', ...data)).toMatchObject({ code: 1 });
    expect((await run('calls', 'list', ...data)).stdout).toMatch(/^ID +WHEN +STATUS +TIME +TYPE +CALLER +CLIENT +NAME\n/);

    expect(await run('calls', 'list', '--status', 'fail', ...data)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean "failed"?') as string,
    });
    expect(await run('calls', 'list', '--since', 'then', ...data)).toMatchObject({ code: 2 });
    expect(await run('calls', 'list', '--limit', '0', ...data)).toMatchObject({ code: 2 });
    expect(await run('calls', 'list', '--store', 'memory')).toMatchObject({ code: 2 });
  });

  it('readTime parses times and durations', () => {
    expect(readTime('2h', 'since', 10_000_000)).toBe(10_000_000 - 7_200_000);
    expect(readTime('1.5m', 'since', 100_000)).toBe(10_000);
    expect(readTime('2026-01-31T12:00Z', 'since')).toBe(Date.UTC(2026, 0, 31, 12));
    // A day begins where the reader is: so are times shown.
    expect(readTime('2026-01-31', 'since')).toBe(new Date(2026, 0, 31).getTime());
    expect(() => readTime('2 hours', 'since')).toThrow('--since');
  });

  it('completion completes commands, flags and names of the config file', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      expect(await run('completion', shell)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(`for ${shell}`) as string,
      });
    }
    expect(await run('completion', 'tcsh')).toMatchObject({ code: 2 });
    const words = async (...typed: string[]) =>
      (await temp.run(['--get-yargs-completions', 'mcp-daemon', ...typed], { env: { SHELL: '/bin/bash' } })).stdout
        .trim()
        .split('\n');
    expect(await words('')).toEqual(expect.arrayContaining(['list', 'call', 'calls', 'install']));
    expect(await words('--da')).toEqual(expect.arrayContaining(['--data-dir']));
    expect(await words('call', '')).toEqual(expect.arrayContaining(['sum', 'status', 'review']));
    expect(await words('install', '')).toEqual(expect.arrayContaining(['cursor', 'vscode']));
  });
});
