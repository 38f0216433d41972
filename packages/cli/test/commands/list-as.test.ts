import { TempFolder } from '../support.js';

describe('list --as', () => {
  let temp: TempFolder;
  beforeEach(async () => {
    temp = new TempFolder();
    const names = ['book.find', 'book_find'];
    await temp.write('mcp.json', {
      name: 'lab',
      tools: names.map((name) => ({ name })),
      module_links: names.map((name) => ({ type: 'tool', name, module_name: 'm', function_name: 'f' })),
    });
  });
  afterEach(() => temp.remove());

  it('shows the name for the model, and why a tool has none', async () => {
    const { code, stdout } = await temp.run(['list', '--as', 'claude-code']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^TOOL +NAME FOR THE MODEL +WARNING$/m);
    expect(stdout).toMatch(/^book\.find +mcp__lab__book_find$/m);
    expect(stdout).toMatch(/^book_find +\(none\) +left out: the same as "book\.find"/m);
  });

  it('prints JSON for programs, and refuses a host whose names are not known', async () => {
    const { stdout } = await temp.run(['list', '--as', 'opencode', '--json']);
    expect((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name)).toEqual(['book.find', 'book_find']);
    expect(await temp.run(['list', '--as', 'zed'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--as: must be claude-code, codex') as string,
    });
  });

  it('is not needed to be warned of names that hosts change', async () => {
    const { code, stdout, stderr } = await temp.run(['list']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^TYPE +NAME.*\ntool +book\.find *\ntool +book_find *\n$/)]);
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^warning mcp\.json:\d+:\d+ \$\.tools\[1\]\.name: "book_find" and "book\.find" .* are the same name/),
      '',
    ]);
    expect((await temp.run(['list', '--json'])).stderr).toBe('');
  });
});
