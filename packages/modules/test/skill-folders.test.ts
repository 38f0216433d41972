import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { jest } from '@jest/globals';

import { skillFolders } from '../src/index.js';

const HEAD = '---\nname: refunds\ndescription: How to refund\n---\n';

describe('a skill in a folder', () => {
  let root: string;
  let base: string;

  async function write(files: Record<string, string | Buffer>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(base, path)), { recursive: true });
      await writeFile(join(base, path), content);
    }
  }

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'mcp-skills-'));
    base = join(root, 'config');
    await mkdir(base);
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  const load = (path = 'skills/refunds') => skillFolders({ base }).load({ path }, 'default');
  const sha = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

  it('has its frontmatter as it was written, and all its files with size and digest, SKILL.md first', async () => {
    const text = `---\nname: refunds\ndescription: "How to refund: step by step"\nallowed-tools: [a, b]\nmetadata:\n  since: 2026-01-31\n  n: 007\n---\n# Refunds\n`;
    await write({
      'skills/refunds/SKILL.md': text,
      'skills/refunds/a b/ä.txt': 'one',
      'skills/refunds/.git/config': 'x',
      'skills/refunds/notes~': 'x',
    });
    expect(await load()).toEqual({
      name: 'refunds',
      description: 'How to refund: step by step',
      uri: 'skill://refunds/SKILL.md',
      frontmatter: {
        name: 'refunds',
        description: 'How to refund: step by step',
        'allowed-tools': ['a', 'b'],
        metadata: { since: '2026-01-31', n: 7 },
      },
      files: [
        {
          uri: 'skill://refunds/SKILL.md',
          path: 'skills/refunds/SKILL.md',
          digest: sha(text),
          size: text.length,
          mimeType: 'text/markdown',
        },
        {
          uri: 'skill://refunds/a%20b/%C3%A4.txt',
          path: 'skills/refunds/a b/ä.txt',
          digest: sha('one'),
          size: 3,
          mimeType: 'text/plain',
        },
      ],
    });
  });

  it('is read again when a file changes, comes or goes', async () => {
    const source = skillFolders({ base });
    await write({ 'skills/refunds/SKILL.md': HEAD, 'skills/refunds/a.txt': 'one' });
    await source.load({ path: 'skills/refunds' }, 'default');
    await write({ 'skills/refunds/a.txt': 'other', 'skills/refunds/b.txt': 'new', 'skills/refunds/SKILL.md': `${HEAD}more` });
    const { files } = await source.load({ path: 'skills/refunds' }, 'default');
    expect(files.map(({ uri, digest }) => [uri, digest])).toEqual([
      ['skill://refunds/SKILL.md', sha(`${HEAD}more`)],
      ['skill://refunds/a.txt', sha('other')],
      ['skill://refunds/b.txt', sha('new')],
    ]);
    await rm(join(base, 'skills/refunds/b.txt'));
    expect((await source.load({ path: 'skills/refunds' }, 'default')).files).toHaveLength(2);
  });

  it.each<[what: string, text: string, why: RegExp]>([
    ['has no frontmatter', '# Refunds', /must begin with a line of ---/],
    ['does not end its frontmatter', '---\nname: refunds\n', /must begin with a line of ---/],
    ['is not YAML', '---\nname: [refunds\n---\n', /is not YAML/],
    [
      'bombs by aliases',
      `---\na: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n---\n`,
      /is not YAML/,
    ],
    ['is a list', '---\n- refunds\n---\n', /must have keys/],
    ['has no name', '---\ndescription: x\n---\n', /"name" in SKILL\.md must have/],
    ['has a name with capitals', '---\nname: Refunds\ndescription: x\n---\n', /lower-case letters/],
    [
      'has another name than its folder',
      '---\nname: returns\ndescription: x\n---\n',
      /must be the name of its folder, "refunds", not "returns"/,
    ],
    ['has no description', '---\nname: refunds\n---\n', /"description" in SKILL\.md/],
    ['has a description that is too long', `---\nname: refunds\ndescription: ${'x'.repeat(1_025)}\n---\n`, /1 to 1024/],
    ['uses a reserved key', `${HEAD.slice(0, -4)}metadata:\n  io.modelcontextprotocol/x: 1\n---\n`, /reserved/],
  ])('is refused where SKILL.md %s', async (_what, text, why) => {
    await write({ 'skills/refunds/SKILL.md': text });
    await expect(load()).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringMatching(why) });
  });

  it('is refused where it is not there, has no SKILL.md, or is outside', async () => {
    await expect(load()).rejects.toThrow('there is no such folder');
    await write({ 'skills/refunds/skill.md': HEAD });
    await expect(load()).rejects.toThrow('it has no file SKILL.md');
    await mkdir(join(root, 'other'));
    await writeFile(join(root, 'other', 'SKILL.md'), HEAD);
    await symlink('../../other', join(base, 'skills', 'out'));
    await expect(load('skills/out')).rejects.toThrow('it is outside of the folder of the config file');
    await expect(load('../other')).rejects.toThrow('it is outside of the folder of the config file');
  });

  it('is refused where it has links, too many files or too many bytes', async () => {
    await write({ 'skills/refunds/SKILL.md': HEAD });
    await symlink('SKILL.md', join(base, 'skills/refunds/link.md'));
    await expect(load()).rejects.toThrow('"link.md" is a link: put the file itself there');
    await rm(join(base, 'skills/refunds/link.md'));
    await write({ 'skills/refunds/big': Buffer.alloc(16 * 1024 * 1024) });
    await expect(load()).rejects.toThrow('its files have more than 16777216 bytes');
    await rm(join(base, 'skills/refunds/big'));
    await write(Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`skills/refunds/${index}`, 'x'])));
    await expect(load()).rejects.toThrow('it has more than 512 files');
  });
});

describe('a watched skill', () => {
  let base: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'mcp-skills-'));
    await mkdir(join(base, 'skills/refunds'), { recursive: true });
    await writeFile(join(base, 'skills/refunds/SKILL.md'), HEAD);
  });
  afterEach(() => rm(base, { recursive: true, force: true }));

  /** Reads and watches the skill. `next` resolves with the next change. */
  async function watched() {
    const source = skillFolders({ base });
    const changes: (readonly string[])[] = [];
    let tell = (): void => undefined;
    source.watch!((path, uris) => {
      expect(path).toBe('skills/refunds');
      changes.push(uris);
      tell();
    });
    await source.load({ path: 'skills/refunds' }, 'default').catch(() => undefined);
    const next = async (): Promise<readonly string[]> => {
      while (changes.length === 0) await new Promise<void>((resolve) => (tell = resolve));
      return changes.shift()!;
    };
    return { source, changes, next };
  }

  it('tells which of its files are new, changed or gone, in all its folders', async () => {
    const { source, next } = await watched();
    await writeFile(join(base, 'skills/refunds/SKILL.md'), `${HEAD}More.`);
    expect(await next()).toEqual(['skill://refunds/SKILL.md']);
    await mkdir(join(base, 'skills/refunds/empty'));
    await source.load({ path: 'skills/refunds' }, 'default'); // the new folder has no file, but is watched
    await writeFile(join(base, 'skills/refunds/empty/a.md'), 'one');
    expect(await next()).toEqual(['skill://refunds/empty/a.md']);
    await rm(join(base, 'skills/refunds/empty'), { recursive: true });
    expect(await next()).toEqual(['skill://refunds/empty/a.md']);
    await source.close!();
  });

  it('is one that breaks and is mended, too', async () => {
    const { source, next } = await watched();
    await writeFile(join(base, 'skills/refunds/SKILL.md'), 'no frontmatter');
    expect(await next()).toEqual(['skill://refunds/SKILL.md']);
    await writeFile(join(base, 'skills/refunds/SKILL.md'), HEAD);
    expect(await next()).toEqual(['skill://refunds/SKILL.md']);
    await source.close!();
  });

  it.each(['', '---\nname: refunds\n'])('is as it was while its SKILL.md is being saved, and begins with %j', async (half) => {
    const { source, changes, next } = await watched();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now());
    const read = () => source.load({ path: 'skills/refunds' }, 'default');
    await writeFile(join(base, 'skills/refunds/SKILL.md'), half);
    expect(await read()).toMatchObject({ description: 'How to refund' });
    await writeFile(join(base, 'skills/refunds/SKILL.md'), HEAD.replace('How', 'When'));
    expect(await next()).toEqual(['skill://refunds/SKILL.md']);
    expect(await read()).toMatchObject({ description: 'When to refund' });
    expect(changes).toEqual([]);
    // One that stays so is a mistake, and clients are told.
    await writeFile(join(base, 'skills/refunds/SKILL.md'), half);
    await read();
    clock.mockRestore();
    const later = performance.now() + 1_001;
    jest.spyOn(performance, 'now').mockImplementation(() => later);
    expect(await next()).toEqual(['skill://refunds/SKILL.md']);
    await expect(read()).rejects.toThrow('SKILL.md must begin with a line of ---');
    jest.restoreAllMocks();
    await source.close!();
  });

  it('tells of a change that a client has found before the event', async () => {
    const { source, changes } = await watched();
    await writeFile(join(base, 'skills/refunds/other.md'), 'x');
    await source.load({ path: 'skills/refunds' }, 'default');
    expect(changes).toEqual([['skill://refunds/other.md']]);
    await source.close!();
  });

  it('tells nothing when nothing has changed, and nothing after it was closed', async () => {
    const { source, changes } = await watched();
    await source.load({ path: 'skills/refunds' }, 'default');
    await source.close!();
    await writeFile(join(base, 'skills/refunds/SKILL.md'), `${HEAD}More.`);
    await source.load({ path: 'skills/refunds' }, 'default');
    expect(changes).toEqual([]);
  });
});
