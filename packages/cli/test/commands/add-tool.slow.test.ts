/** `add tool` as a user runs it: in projects of all kinds, on a terminal, and with a server that is running. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

import type { Result } from '../support.js';
import { BIN, TempFolder, toolsConfig } from '../support.js';

const WEATHER = ['get_weather', 'city:string! Name of the city', 'days:integer=3', '-d', 'Weather of a city'];
const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string', description: 'Name of the city' }, days: { type: 'integer', default: 3 } },
  required: ['city'],
};

describe('add tool', () => {
  let temp: TempFolder;
  beforeEach(() => (temp = new TempFolder()));
  afterEach(() => temp.remove());
  const add = (args: string[], folder = '.'): Promise<Result> => temp.run(['add', 'tool', ...args], { cwd: temp.at(folder) });

  it.each([
    ['JavaScript', [], 'functions.mjs', 'export async function getWeather({ city, days }) {'],
    ['TypeScript', ['--ts'], 'functions.mts', 'getWeather({ city, days }: { city: string; days: number }): Promise<string> {'],
    ['a class', ['--class'], 'functions.mjs', '\n  async getWeather({ city, days }) {'],
    ['a class in TypeScript', ['--class', '--ts'], 'functions.mts', '\n  async getWeather({ city, days }: {'],
  ])('adds to a project in %s, which then runs', async (_, flags, module, code) => {
    await temp.run(['init', 'p', ...flags]);
    const [config, functions] = [await temp.read('p/mcp.json'), await temp.read(`p/${module}`)];
    const { code: exit, stdout, stderr } = await add(WEATHER, 'p');
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toContain('wrote mcp.json: tool get_weather\n');
    const line = Number(new RegExp(`wrote ${module}:(\\d+): getWeather\\(\\)`).exec(stdout)?.[1]);
    const after = await temp.read(`p/${module}`);
    expect(after.split('\n')[line - 1]).toContain('getWeather({ city, days }');
    expect(after).toContain(code);
    expect(after.startsWith(functions.trimEnd().replace(/\}$/, '').trimEnd())).toBe(true);
    const parsed = JSON.parse(await temp.read('p/mcp.json')) as { tools: object[]; module_links: object[] };
    const old = JSON.parse(config) as typeof parsed;
    const link = { ...old.module_links[0], name: 'get_weather', function_name: 'getWeather' };
    expect(parsed).toEqual({
      ...old,
      tools: [...old.tools, { name: 'get_weather', description: 'Weather of a city', inputSchema: SCHEMA }],
      module_links: [...old.module_links, link],
    });
    // init writes as JSON.stringify does.
    expect(await temp.read('p/mcp.json')).toBe(`${JSON.stringify(parsed, null, 2)}\n`);
    const cwd = temp.at('p');
    expect(await temp.run(['config', 'check', '--load', '--strict'], { cwd })).toMatchObject({ code: 0 });
    const called = await temp.run(['call', 'get_weather', '{"city":"text"}'], { cwd });
    expect(called.code).toBe(1);
    expect(called.stdout + called.stderr).toContain('get_weather has no code yet');
    expect(stdout).toContain(` call get_weather '{"city":"text"}'\n`);
  });

  it('keeps comments, the byte order mark, line ends and tabs', async () => {
    const text =
      '\uFEFF{\r\n\t// tools\r\n\t"tools": [\r\n\t\t{ "name": "a" }, // the first\r\n\t],\r\n\t"module_links": [\r\n\t\t{ "name": "a", "module_name": "f", "function_name": "a" }\r\n\t],\r\n}\r\n';
    await temp.write('mcp.json', text);
    await temp.write('f.cjs', 'exports.a = () => 1;\r\n');
    expect(await add(['b'])).toMatchObject({ code: 0 });
    expect(await temp.read('mcp.json')).toBe(
      text
        .replace('// the first', '// the first\r\n\t\t{ "name": "b", "inputSchema": { "type": "object", "properties": {} } }')
        .replace(
          '"a" }\r\n\t]',
          '"a" },\r\n\t\t{ "type": "tool", "name": "b", "module_name": "f", "function_name": "b" }\r\n\t]',
        ),
    );
    expect(await temp.read('f.cjs')).toContain('exports.a = () => 1;\r\n\r\nmodule.exports.b = async function b() {\r\n');
    expect(await temp.run(['config', 'check', '--load'])).toMatchObject({ code: 0 });
  });

  it('makes a file where --module names none', async () => {
    await temp.write('mcp.json', toolsConfig('functions', 'one'));
    await temp.write('functions.mjs', 'export const one = () => 1;\n');
    await temp.write('package.json', { type: 'module' });
    expect(await add(['two', '--module', 'lib/weather.js', '--class', 'Weather'])).toMatchObject({ code: 0 });
    expect(await temp.read('lib/weather.js')).toMatch(/^export class Weather \{\n {2}async two\(\) \{\n/);
    const { module_links: links } = JSON.parse(await temp.read('mcp.json')) as { module_links: object[] };
    const link = { module_name: 'lib/weather', class_name: 'Weather' };
    expect(links.at(-1)).toEqual({ type: 'tool', name: 'two', ...link, function_name: 'two' });
    // By the name of the module, and to the class that the other function of it has.
    expect(await add(['three', '-m', 'lib/weather'])).toMatchObject({ code: 0 });
    expect((await temp.read('lib/weather.js')).match(/async \w+/g)).toEqual(['async two', 'async three']);
    // One that has the name of another file but for the extension is named with it.
    expect(await add(['four', '-m', 'functions.cjs'])).toMatchObject({ code: 0 });
    expect(await temp.read('mcp.json')).toContain('"functions.cjs"');
    expect(await temp.run(['config', 'check', '--load'])).toMatchObject({ code: 0 });
  });

  it('adds the first tool to a config file that only serves files', async () => {
    await temp.write('mcp.json', { resources: [{ name: 'page', uri: 'a:page', file: 'page.txt' }] });
    await temp.write('page.txt', 'a page');
    expect((await add(['one'])).stdout).toContain('wrote functions.mjs:1: one()\n');
    expect(await temp.run(['config', 'check', '--load'])).toMatchObject({ code: 0 });
    expect((await temp.run(['call', 'page'])).stdout).toContain('a page');
  });

  it('keeps a function that exists', async () => {
    await temp.write('mcp.json', toolsConfig('functions', 'one'));
    const code = 'export const one = () => 1;\nexport const twoThree = () => 2;\n';
    await temp.write('functions.mjs', code);
    const { stdout } = await add(['two_three']);
    expect(stdout).toContain('kept functions.mjs: twoThree()\n');
    expect(await temp.read('functions.mjs')).toBe(code);
    expect((await temp.run(['call', 'two_three'])).stdout).toBe('2\n');
  });

  it('a running server lists and calls the tool', async () => {
    await temp.write('mcp.json', toolsConfig('functions', 'one'));
    await temp.write('functions.mjs', 'export const one = () => 1;\n');
    const sidecar = await temp.sidecar(['--config', temp.at('mcp.json'), '--data-dir', temp.at('data')]);
    await sidecar.request('tools/call', { name: 'one', arguments: {} });
    expect(await add(['two'])).toMatchObject({ code: 0 });
    await sidecar.notification('notifications/tools/list_changed');
    const { result } = await sidecar.request('tools/call', { name: 'two', arguments: {} });
    expect(result?.content?.[0]?.text).toContain('two has no code yet');
    sidecar.child.stdin.end();
    await sidecar.exited;
  });

  describe('writes nothing', () => {
    const CODE = 'export const one = () => 1;\nconst hidden = () => 2;\nexport class A {}\n';
    const BAD = 'export const one = () => 1;\nexport const = 2;\n';
    it.each<[string, string[], number, string]>([
      ['for the name of another tool', ['one'], 1, 'mcp.json has a tool "one" already: give another name'],
      ['for the name of a prompt', ['p'], 1, 'mcp.json has a prompt "p" already'],
      ['without a name and a terminal', [], 2, 'give the name of the tool'],
      ['for a name that clients refuse', ['a b'], 2, '[name]: must be 1 to 128 characters'],
      ['for a wrong argument', ['two', 'a:int'], 2, 'did you mean "integer"?'],
      ['for an argument that is there twice', ['two', 'a', 'a'], 2, '"a" is there twice'],
      ['for a function that is not exported', ['hidden'], 1, 'functions.mjs has "hidden" already, and does not export it'],
      ['for a class that is not there', ['two', '--class', 'B'], 1, 'functions.mjs has no class "B" of its own'],
      ['for a name that no function can have', ['two', '--function', 'a-b'], 2, '--function: "a-b" is no name of a function'],
      [
        'for a file that is no code',
        ['two', '-m', 'two.py'],
        2,
        '--module: must be a file with JavaScript or TypeScript, such as two.mjs',
      ],
      ['for a file of a package', ['two', '-m', 'node_modules/x/a.js'], 2, 'belongs to an installed package'],
      ['for code that cannot be parsed', ['two', '-m', 'bad.mjs'], 1, 'cannot read bad.mjs:2: Unexpected token'],
      ['for a config file with mistakes', ['two', '-c', 'bad.json'], 2, '$.tols: '],
      ['without a config file', ['two', '-c', 'none.json'], 2, 'no such file'],
    ])('%s', async (_, args, code, message) => {
      const config = toolsConfig('functions', 'one') as { module_links: object[] };
      const link = { type: 'prompt', name: 'p', module_name: 'functions', function_name: 'one' };
      const text = JSON.stringify({ ...config, prompts: [{ name: 'p' }], module_links: [...config.module_links, link] });
      await temp.write('mcp.json', text);
      await temp.write('functions.mjs', CODE);
      await temp.write('bad.mjs', BAD);
      await temp.write('bad.json', { tols: [] });
      const result = await add(args);
      expect(result).toMatchObject({ code, stdout: '' });
      expect(result.stderr).toContain(message);
      expect([await temp.read('mcp.json'), await temp.read('functions.mjs'), await temp.read('bad.mjs')]).toEqual([
        text,
        CODE,
        BAD,
      ]);
      expect(existsSync(temp.at('two.py'))).toBe(false);
    });
  });

  describe('on a terminal', () => {
    /** Answers each question when it is asked. @returns what the terminal shows */
    async function answer(...answers: (string | undefined)[]): Promise<string> {
      const words = [process.execPath, BIN, 'add', 'tool'].map((word) => `'${word}'`).join(' ');
      // script(1) runs a command on a terminal of its own.
      const child = spawn('script', ['-qec', words, '/dev/null'], {
        cwd: temp.path,
        env: temp.env(),
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      let [text, seen] = ['', 0];
      for await (const chunk of child.stdout) {
        text += String(chunk);
        if (answers.length === 0 || !stripVTControlCharacters(text.slice(seen)).endsWith(': ')) continue;
        seen = text.length;
        const next = answers.shift();
        child.stdin.write(next === undefined ? '\u0004' : `${next}\n`);
      }
      child.stdin.end();
      return stripVTControlCharacters(text);
    }

    it('asks for everything, and again where an answer is wrong', async () => {
      await temp.write('mcp.json', toolsConfig('functions', 'one'));
      await temp.write('functions.mjs', 'export const one = () => 1;\n');
      const text = await answer('one', 'get_weather', 'Weather', 'city:text', 'city:string! Where', 'city', '', 'weather.mjs');
      expect(text).toContain('mcp.json has a tool "one" already');
      expect(text).toContain('the type must be string');
      expect(text).toContain('"city" is there twice');
      expect(text).toContain('wrote weather.mjs:2: getWeather()');
      expect(await temp.read('weather.mjs')).toContain('/** Weather */\nexport async function getWeather({ city }) {');
    });

    it('writes nothing where the input ends', async () => {
      await temp.write('mcp.json', toolsConfig('functions', 'one'));
      const before = await temp.read('mcp.json');
      expect(await answer('two', undefined)).toContain('cancelled; nothing was written');
      expect(await temp.read('mcp.json')).toBe(before);
    });
  });
});
