import * as nodeModule from 'node:module';

import { folderOf, inChild } from './support.js';

/** Whether the hooks for a reload run in a thread: there, Node has no others. */
const needsThread = !('registerHooks' in nodeModule);
const stripsTypes = Boolean((process.features as { typescript?: unknown }).typescript);

/** Opens files until only `left` more can be opened; `free()` closes them. */
const fill = `
  const taken = [];
  const fill = (left) => {
    try { for (;;) taken.push(fs.openSync('/dev/null', 'r')); } catch (error) { out.limit = error.code; }
    for (let count = 0; count < left; count += 1) fs.closeSync(taken.pop());
  };
  const free = () => { for (const descriptor of taken.splice(0)) fs.closeSync(descriptor); };
`;

const why = 'fewer than 32 file descriptors are left; raise their limit ("ulimit -n")';

describe('with nearly all file descriptors in use', () => {
  (needsThread ? it : it.skip)(
    'a reload says so and does not hang, and has the new code once there are some (only before Node 22.15: later hooks need no thread)',
    async () => {
      const base = folderOf({
        'tools.mjs': `import { leaf } from './leaf.mjs'; export const hello = () => ['tools 1', leaf];`,
        'leaf.mjs': `export const leaf = 'leaf 1';`,
      });
      const result = await inChild(
        base,
        `${fill}
        out.hello = [(await load('tools')).hello()];
        fill(8);
        write('tools.mjs', "import { leaf } from './leaf.mjs'; export const hello = () => ['tools 2', leaf];");
        write('leaf.mjs', "export const leaf = 'leaf 2';");
        out.hello.push((await load('tools')).hello());
        out.warned = out.warnings.splice(0);
        free();
        write('tools.mjs', "import { leaf } from './leaf.mjs'; export const hello = () => ['tools 3', leaf];");
        out.hello.push((await load('tools')).hello());
        `,
        [],
        { descriptors: 96 },
      );
      expect(result).toEqual({
        warnings: [],
        limit: 'EMFILE',
        hello: [
          ['tools 1', 'leaf 1'],
          ['tools 2', 'leaf 1'],
          ['tools 3', 'leaf 2'],
        ],
        warned: [`files that a module imports are not reloaded: ${why}`],
      });
    },
  );

  (stripsTypes ? it.skip : it)(
    'TypeScript says so and does not hang, and is loaded once there are some (only before Node 22.18: later it needs no thread)',
    async () => {
      const base = folderOf({ 'tools.mts': `export const hello = (): string => 'typed';` });
      const result = await inChild(
        base,
        `${fill}
        fill(8);
        out.failed = (await failure('tools')).message;
        free();
        out.hello = (await load('tools')).hello();
        `,
        [],
        { descriptors: 96 },
      );
      expect(result).toEqual({
        warnings: [],
        limit: 'EMFILE',
        failed: `module "tools" (./tools.mts) could not be loaded: ${why}`,
        hello: 'typed',
      });
    },
  );
});
