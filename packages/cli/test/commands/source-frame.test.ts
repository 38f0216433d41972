/** Mistakes of a config with their line and a caret. */
import { TempFolder, toolsConfig } from '../support.js';

describe('config check', () => {
  const temp = new TempFolder();
  afterAll(() => temp.remove());

  it('shows the line of a mistake with a caret under its column', async () => {
    await temp.write('mcp.json', { ...toolsConfig('m', 'f'), prompts: 'none' });
    const { code, stderr } = await temp.run(['config', 'check', 'mcp.json']);
    expect(code).not.toBe(0);
    const lines = stderr.split('\n');
    const at = lines.findIndex((line) => line.includes('$.prompts'));
    const [, line, column] = /mcp\.json:(\d+):(\d+)/.exec(lines[at] ?? '') ?? [];
    const source = (await temp.read('mcp.json')).split('\n')[Number(line) - 1] ?? '';
    expect(source).toContain('"none"');
    expect(lines[at + 1]).toBe(` ${line} | ${source}`);
    expect(lines[at + 2]).toBe(`${' '.repeat(` ${line} `.length)}| ${' '.repeat(Number(column) - 1)}^`);
  });

  it('shows no line that may hold a secret, and none of a file without line breaks', async () => {
    const config = {
      ...toolsConfig('m', 'f'),
      modules: [{ module_name: 'm', setting: { key: '${ENV:SECRET_WORD}', deep: ['$SECRET_WORD'] } }],
    };
    await temp.write('secret.json', config);
    const { stderr } = await temp.run(['config', 'check', 'secret.json']);
    expect(stderr).toContain('$.modules[0].setting.key');
    expect(stderr).not.toContain('SECRET_WORD}');
    await temp.write('one-line.json', JSON.stringify({ ...config, prompts: 'none', note: 'x'.repeat(200) }));
    const single = await temp.run(['config', 'check', 'one-line.json']);
    expect(single.stderr).toContain('$.prompts');
    expect(single.stderr).not.toContain('SECRET_WORD}');
  });
});
