import { folderOf, inChild } from './support.js';

/** The code is loaded and its file is followed; no time passes from then on. */
const FOLLOWED = `
  watch();
  out.first = (await load('tools')).hello();
  await watched();
  clock.stop();
`;

describe('a file that is being saved', () => {
  it('code that is saved halfway does not fail calls: the last good code runs, and then the new one or the error', async () => {
    const base = folderOf({ 'tools.mjs': `export const hello = () => 1;` });
    const result = await inChild(
      base,
      `
      ${FOLLOWED}
      write('tools.mjs', 'export const hello = () =');
      await change();
      out.halfway = (await load('tools')).hello();
      write('tools.mjs', 'export const hello = () => 2;');
      await change(2);
      out.whole = (await load('tools')).hello();
      write('tools.mjs', 'export const hello = () => 3 3;');
      await change(3);
      out.kept = (await load('tools')).hello();
      // Once it is not just being saved, a change is reported again, and the error with it.
      await change(4);
      clock.ahead(1100);
      out.error = (await failure('tools')).message;
      `,
    );
    expect(result).toMatchObject({ first: 1, halfway: 1, whole: 2, kept: 2 });
    expect(result['error']).toMatch(/SyntaxError/);
    expect(result.warnings[0]).toMatch(/SyntaxError.*it was just saved, so calls still run the last good code$/);
  });

  it.each(['tools.mjs', 'tools.cjs'])('a file that was emptied before it is written (%s) is one of them', async (file) => {
    const text = (value: number): string =>
      file.endsWith('.mjs') ? `export const hello = () => ${value};` : `exports.hello = () => ${value};`;
    const base = folderOf({ [file]: text(1) });
    const result = await inChild(
      base,
      `
      ${FOLLOWED}
      write('${file}', '');
      await change();
      out.emptied = (await load('tools')).hello();
      write('${file}', '${text(2)}');
      await change(2);
      out.whole = (await load('tools')).hello();
      `,
    );
    expect(result).toMatchObject({
      first: 1,
      emptied: 1,
      whole: 2,
      warnings: [`${file} exports nothing; it was just saved, so calls still run the last good code`],
    });
  });
});
