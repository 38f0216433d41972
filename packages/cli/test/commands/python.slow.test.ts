import { TempFolder } from '../support.js';

/** Functions in Python beside the config file, and one in JavaScript. */
const CONFIG = {
  tools: ['add', 'fails', 'who', 'other'].map((name) => ({ name, inputSchema: { type: 'object' } })),
  module_links: [
    { name: 'add', module_name: 'numbers_tool', class_name: 'Numbers', function_name: 'add' },
    { name: 'fails', module_name: 'numbers_tool', class_name: 'Numbers', function_name: 'fails' },
    { name: 'who', module_name: 'numbers_tool', function_name: 'who' },
    { name: 'other', module_name: 'other', function_name: 'other' },
  ].map((link) => ({ type: 'tool', ...link })),
  modules: [{ module_name: 'numbers_tool', class_name: 'Numbers', setting: { step: 0.5 } }],
};

const PYTHON = `
import sys
class Numbers:
    def __init__(self, logger, **setting):
        self.step = setting["step"]
    def add(self, a, b):
        print("adding")
        return float(a + b)
    def fails(self):
        raise ValueError("no such number")
def who(): return sys.executable
`;

describe('functions in Python', () => {
  let temp: TempFolder;
  beforeAll(async () => {
    temp = new TempFolder();
    await temp.write('mcp.json', CONFIG);
    await temp.write('numbers_tool.py', PYTHON);
    await temp.write('other.mjs', 'export const other = () => "JavaScript";');
  });
  afterAll(() => temp.remove());

  it('are called by the command, without a key in the config file', async () => {
    expect(await temp.run(['call', 'add', 'a=2', 'b=3'])).toMatchObject({ code: 0, stdout: '5.0\n' });
    const failed = await temp.run(['call', 'fails']);
    expect(failed.code).not.toBe(0);
    expect(failed.stdout + failed.stderr).toContain('ValueError: no such number');
  });

  it('what they print is in the record', async () => {
    const [call] = JSON.parse((await temp.run(['calls', 'list', '--json', '--name', 'add', '--limit', '1'])).stdout) as [
      { mcp_function_call_uuid: string },
    ];
    const shown = await temp.run(['calls', 'show', call.mcp_function_call_uuid]);
    expect(shown.stdout).toContain('adding');
  });

  it('config check --load loads them where they run, and says what is wrong', async () => {
    expect(await temp.run(['config', 'check', '--load'])).toMatchObject({ code: 0 });
    await temp.write('broken/mcp.json', {
      ...CONFIG,
      module_links: CONFIG.module_links.slice(0, 3),
      tools: CONFIG.tools.slice(0, 3),
    });
    await temp.write(
      'broken/numbers_tool.py',
      'class Numbers:\n  def __init__(self, logger, **setting): raise OSError("no disk")',
    );
    const { code, stderr } = await temp.run(['config', 'check', '--load'], { cwd: temp.at('broken') });
    expect(code).toBe(1);
    expect(stderr).toContain('tool "add": class "Numbers" of module "numbers_tool" could not be built: OSError: no disk');
    expect(stderr).toContain('tool "who": module "numbers_tool" has no function "who"; it has Numbers');
  });

  it('without Python the error says what was looked for, and JavaScript works', async () => {
    const env = { PYTHON: '/nowhere/python3' };
    const missing = await temp.run(['call', 'add', 'a=2', 'b=3'], { env });
    expect(missing.code).not.toBe(0);
    expect(missing.stdout + missing.stderr).toContain('PYTHON is "/nowhere/python3", and there is no such program');
    expect(await temp.run(['call', 'other'], { env })).toMatchObject({ code: 0, stdout: 'JavaScript\n' });
    const noPath = await temp.run(['call', 'add', 'a=2', 'b=3'], { env: { PATH: temp.at('empty') } });
    expect(noPath.stdout + noPath.stderr).toContain('there is no python3 in PATH. Install Python 3.9 or newer');
  });

  it('PYTHON names another Python, such as that of a virtual environment', async () => {
    const { stdout } = await temp.run(['call', 'who']);
    const venv = temp.at('venv');
    await temp.write('make.py', `import venv; venv.create(${JSON.stringify(venv)}, symlinks=True)`);
    const { spawnSync } = await import('node:child_process');
    expect(spawnSync(stdout.trim(), [temp.at('make.py')]).status).toBe(0);
    const found = await temp.run(['call', 'who'], { env: { PYTHON: `${venv}/bin/python3` } });
    expect(found).toMatchObject({ code: 0, stdout: `${venv}/bin/python3\n` });
  });
});
