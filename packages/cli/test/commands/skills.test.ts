/** What the commands say of skills. */
import { TempFolder } from '../support.js';

describe('skills', () => {
  const temp = new TempFolder();
  const manifest = (name: string): string => `---\nname: ${name}\ndescription: About ${name}.\n---\n`;
  beforeAll(async () => {
    await temp.write('mcp.json', { skills: [{ path: 'skills/refunds' }, { path: 'skills/broken' }] });
    await temp.write('good.json', { skills: [{ path: 'skills/refunds' }] });
    await temp.write('skills/refunds/SKILL.md', manifest('refunds'));
    await temp.write('skills/broken/SKILL.md', 'no frontmatter');
    await temp.write('bundle/mcp_configuration.json', { skills: [{ path: 'skills/refunds' }] });
    await temp.write('bundle/skills/refunds/SKILL.md', manifest('refunds'));
  });
  afterAll(() => temp.remove());

  it('are listed', async () => {
    expect((await temp.run(['list'])).stdout).toMatch(/^skill +refunds +skill:\/\/refunds\/SKILL\.md — skills\/refunds$/m);
    expect(JSON.parse((await temp.run(['list', '--json'])).stdout)).toEqual([
      { type: 'skill', name: 'refunds', uri: 'skill://refunds/SKILL.md', path: 'skills/refunds' },
      { type: 'skill', name: 'broken', uri: 'skill://broken/SKILL.md', path: 'skills/broken' },
    ]);
  });

  it('are counted and read by config check', async () => {
    expect((await temp.run(['config', 'check'])).stdout).toContain('mcp.json: ok — 2 skills');
    expect((await temp.run(['config', 'check', '--load', 'good.json'])).stdout).toContain('1 skill, all code and skills loaded');
    const { code, stderr } = await temp.run(['config', 'check', '--load']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^mcp\.json:\d+: skill "skills\/broken": SKILL\.md must begin with/m);
    expect(stderr).toContain('mcp.json: 1 skill cannot be served');
  });

  it('of a bundle are checked by bundle check, and so is its config', async () => {
    const check = async () => {
      await temp.run(['bundle', 'build', 'bundle', '--out', 'x.zip']);
      return temp.run(['bundle', 'check', 'x.zip']);
    };
    expect(await check()).toMatchObject({ code: 0, stderr: '' });
    await temp.write('bundle/skills/refunds/SKILL.md', manifest('other'));
    const wrongName = await check();
    expect(wrongName).toMatchObject({ code: 1, stdout: expect.stringContaining('x.zip is a bundle') });
    expect(wrongName.stderr).toContain('x.zip: skill "skills/refunds": "name" in SKILL.md must be the name of its folder');
    expect(wrongName.stderr).toContain('"bundle push" would refuse its config');
    const json = await temp.run(['bundle', 'check', 'x.zip', '--json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ name: 'x', problems: [expect.stringContaining('skill "skills/refunds"')] });
    await temp.write('bundle/mcp_configuration.json', { skills: [{ pth: 'skills/refunds' }] });
    expect(await check()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/x\.zip:mcp_configuration\.json:\d+:\d+ \$\.skills\[0\]\.pth: unknown key "pth"/),
    });
  });
});
