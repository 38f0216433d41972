import { folderOf, inChild } from './support.js';

const TOOLS = `import { part } from './lib/part.mjs'; export const hello = () => part;`;

describe('a module that could not be loaded is watched', () => {
  it.each([
    ['it has a mistake', { 'tools.mjs': 'export const hello = () =' }, 'tools.mjs', 'export const hello = () => 1;'],
    ['it throws', { 'tools.mjs': `throw new Error('no');` }, 'tools.mjs', 'export const hello = () => 1;'],
    ['an import has a mistake', { 'tools.mjs': TOOLS, 'lib/part.mjs': '(' }, 'lib/part.mjs', 'export const part = 1;'],
    ['an import is missing', { 'tools.mjs': TOOLS, 'lib/other.mjs': '' }, 'lib/part.mjs', 'export const part = 1;'],
    [
      'an import without its extension is missing',
      { 'tools.cjs': `const { part } = require('./part'); exports.hello = () => part;` },
      'part.js',
      'exports.part = 1;',
    ],
    ['it is not there', { 'other.mjs': '' }, 'tools.mjs', 'export const hello = () => 1;'],
  ])('where %s', async (_, files, file, text) => {
    const base = folderOf(files as unknown as Record<string, string>);
    const result = await inChild(
      base,
      `
      watch();
      out.failed = (await failure('tools')).message;
      await watched();
      write(${JSON.stringify(file)}, ${JSON.stringify(text)});
      const { files } = await change();
      out.files = files.map((path) => path.slice(base.length + 1));
      out.hello = (await load('tools')).hello();
      `,
    );
    expect(result).toMatchObject({ hello: 1, warnings: [] });
    expect(result['failed']).toMatch(/module "tools".*(could not be loaded|not found)/);
    expect(result['files']).toContain(Object.keys(files).find((name) => name.startsWith('tools')) ?? file);
  });
});
