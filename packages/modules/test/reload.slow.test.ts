import { folderOf, inChild } from './support.js';

/** An ES module with a transitive import. */
const chain = {
  'tools.mjs': `import { part } from './lib/part.mjs'; export const hello = () => 'tools ' + part(); export const later = async (when) => { await when; return part(); };`,
  'lib/part.mjs': `import { leaf } from './leaf.mjs'; export const part = () => 'part ' + leaf;`,
  'lib/leaf.mjs': `export const leaf = 1;`,
};

describe('after an edit', () => {
  it('the next load has the new code and its changed imports, and runs nothing else again', async () => {
    const base = folderOf({
      ...chain,
      'lib/part.mjs': `import { leaf } from './leaf.mjs'; import { state } from './state.mjs'; export const part = () => ['part', leaf, state.id].join();`,
      'lib/state.mjs': `globalThis.ids = (globalThis.ids ?? 0) + 1; export const state = { id: globalThis.ids };`,
      'other.mjs': `import { state } from './lib/state.mjs'; export const hello = () => state.id;`,
    });
    const result = await inChild(
      base,
      `
      watch();
      const old = await load('tools');
      out.other = [(await load('other')).hello()];
      await watched();
      out.early = changes.length;
      let land;
      const flying = old.later(new Promise((resolve) => (land = resolve)));
      write('lib/leaf.mjs', 'export const leaf = 2;');
      const { files, affects } = await change();
      out.files = files.map((file) => file.slice(base.length + 1)).sort();
      out.affects = [affects(link('tools')), affects(link('other')), affects(link('never'))];
      const fresh = await load('tools');
      out.hello = [old.hello(), fresh.hello()];
      write('tools.mjs', 'import { part } from "./lib/part.mjs"; export const hello = () => "TOOLS " + part();');
      await change(2);
      out.top = (await load('tools')).hello();
      land();
      out.flying = await flying;
      out.other.push((await load('other')).hello(), (await load('other')).hello === undefined);
      `,
    );
    expect(result).toEqual({
      warnings: [],
      early: 0,
      files: ['lib/leaf.mjs', 'lib/part.mjs', 'tools.mjs'],
      affects: [true, false, false],
      hello: ['tools part,1,1', 'tools part,2,1'],
      top: 'TOOLS part,2,1',
      flying: 'part,1,1',
      other: [1, 1, false],
    });
  });

  it("an edit is found that follows a load within a tick of the file system's clock, of the module and of its imports", async () => {
    const names = Array.from({ length: 40 }, (_, index) => `m${index}`);
    const base = folderOf({
      ...Object.fromEntries(
        names.map((name) => [`${name}.mjs`, `import { part } from './${name}-part.mjs'; export const hello = () => [1, part];`]),
      ),
      ...Object.fromEntries(names.map((name) => [`${name}-part.mjs`, 'export const part = 1;'])),
    });
    const result = await inChild(
      base,
      `
      watch();
      const names = ${JSON.stringify(names)};
      const missed = (wanted) => async (name) => JSON.stringify((await load(name)).hello()) === JSON.stringify(wanted) ? [] : [name];
      for (const [index, name] of names.entries()) {
        // Half of the files are written a moment before, the others long before.
        if (index % 2 === 0) write(name + '.mjs', fs.readFileSync(join(base, name + '.mjs'), 'utf8'));
        await load(name);
        if (index % 4 < 2) write(name + '.mjs', \`import { part } from './\${name}-part.mjs'; export const hello = () => [2, part];\`);
        else write(name + '-part.mjs', 'export const part = 2;');
      }
      const seen = new Set();
      await until(() => {
        for (const { affects } of changes) for (const name of names) if (affects(link(name))) seen.add(name);
        return seen.size === names.length;
      });
      out.missed = names.filter((name) => !seen.has(name));
      out.old = (await Promise.all(names.map((name, index) => missed(index % 4 < 2 ? [2, 1] : [1, 2])(name)))).flat();
      `,
    );
    expect(result).toEqual({ warnings: [], missed: [], old: [] });
  });

  it('the new code is loaded also if a symbolic link was switched, as in a Kubernetes ConfigMap', async () => {
    const base = folderOf({
      '..1/tools.mjs': `import { part } from './part.mjs'; export const hello = () => part;`,
      '..1/part.mjs': `export const part = 1;`,
      '..2/tools.mjs': `import { part } from './part.mjs'; export const hello = () => part;`,
      '..2/part.mjs': `export const part = 2;`,
    });
    const result = await inChild(
      base,
      `
      fs.symlinkSync('..1', join(base, '..data'));
      for (const name of ['tools.mjs', 'part.mjs']) fs.symlinkSync('..data/' + name, join(base, name));
      watch();
      const old = await load('tools');
      await watched();
      fs.symlinkSync('..2', join(base, '..next'));
      fs.renameSync(join(base, '..next'), join(base, '..data'));
      fs.rmSync(join(base, '..1'), { recursive: true });
      const { files, affects } = await change();
      out.files = files.map((file) => file.slice(base.length + 1));
      out.affects = [affects(link('tools')), affects(link('other'))];
      out.hello = [old.hello(), (await load('tools')).hello()];
      `,
    );
    expect(result).toEqual({ warnings: [], files: ['..2/tools.mjs'], affects: [true, false], hello: [1, 2] });
  });

  it('the new code is loaded also for CommonJS, JSON, and CommonJS imported by an ES module', async () => {
    const base = folderOf({
      'tools.cjs': `const { part } = require('./lib/part'); const data = require('./data.json'); exports.hello = () => part() + data.n;`,
      'lib/part.js': `exports.part = () => 'part ';`,
      'data.json': `{ "n": 1 }`,
      'mixed.mjs': `import { part } from './lib/part.js'; import { createRequire } from 'node:module'; export const hello = () => 'mixed ' + part();`,
    });
    const result = await inChild(
      base,
      `
      watch();
      const old = await load('tools');
      await load('mixed');
      await watched();
      write('lib/part.js', 'exports.part = () => "PART ";');
      await change();
      out.part = [old.hello(), (await load('tools')).hello(), (await load('mixed')).hello()];
      write('data.json', '{ "n": 2 }');
      await change(2);
      out.data = (await load('tools')).hello();
      out.mixed = (await load('mixed')).hello();
      `,
    );
    expect(result).toMatchObject({ part: ['part 1', 'PART 1', 'mixed PART '], data: 'PART 2', mixed: 'mixed PART ' });
  });

  it('imports at run time give old code the old modules, and new code the new ones', async () => {
    const base = folderOf({
      'tools.mjs': `import './lib/eager.mjs'; export const hello = async () => (await import('./lib/lazy.mjs')).lazy;`,
      'lib/eager.mjs': ``,
      'lib/lazy.mjs': `export const lazy = 1;`,
      'all.mjs': `const names = ['one']; export const hello = async () => (await Promise.all(names.map((n) => import(\`./plugins/\${n}.mjs\`)))).map((m) => m.name).join();`,
      'plugins/one.mjs': `export const name = 'one';`,
      'old.cjs': `require('./lib/leaf.cjs'); exports.hello = async () => (await import('./lib/lazy.mjs')).lazy + 10;`,
      'lib/leaf.cjs': ``,
    });
    const result = await inChild(
      base,
      `
      watch();
      const old = await load('tools');
      const all = await load('all');
      const cjs = await load('old');
      out.before = [await old.hello(), await all.hello(), await cjs.hello()];
      await watched();
      write('lib/lazy.mjs', 'export const lazy = 2;');
      await change();
      out.lazy = [await old.hello(), await (await load('tools')).hello(), await (await load('old')).hello()];
      write('plugins/one.mjs', 'export const name = "ONE";');
      await change(2);
      out.all = [await all.hello(), await (await load('all')).hello()];
      `,
    );
    expect(result).toMatchObject({ before: [1, 'one', 11], lazy: [1, 2, 12], all: ['one', 'ONE'] });
  });

  it('the newest code is loaded also after many edits, new imports and an error in between', async () => {
    const base = folderOf(chain);
    const result = await inChild(
      base,
      `
      watch();
      await load('tools');
      await watched();
      write('lib/part.mjs', 'import { more } from "./more.mjs"; export const part = () => more;');
      write('lib/more.mjs', 'export const more = "more 1";');
      await change();
      out.seen = [(await load('tools')).hello()];
      write('lib/more.mjs', 'export const more = "more 2";');
      await change(2);
      out.seen.push((await load('tools')).hello());
      write('lib/more.mjs', 'export const more = ;');
      await change(3);
      clock.ahead(1100); // it does not count as being saved any more
      out.seen.push((await failure('tools')).message.replace(/^.*: Syntax/, 'Syntax'));
      write('lib/more.mjs', 'export const more = "more 3";');
      await change(4);
      out.seen.push((await load('tools')).hello());
      const count = changes.length;
      for (let i = 0; i < 10; i++) write('lib/more.mjs', 'export const more = "burst ' + i + '";');
      await change(5);
      out.burst = [(await load('tools')).hello()];
      write('lib/more.mjs', 'export const more = "after it";');
      await until(async () => (await load('tools')).hello() === 'tools after it');
      out.burst.push(changes.length - count < 10); // one batch, or a few
      `,
    );
    expect(result).toMatchObject({
      seen: ['tools more 1', 'tools more 2', `SyntaxError: Unexpected token ';' (at ./lib/more.mjs:1)`, 'tools more 3'],
      burst: ['tools burst 9', true],
    });
  });

  it('changes are found also if a file is renamed, missing for a moment, removed, or comes back', async () => {
    const base = folderOf({ ...chain, 'tools.log': '' });
    const result = await inChild(
      base,
      `
      watch();
      await load('tools');
      await watched();
      write('lib/.leaf.swp', 'export const leaf = "renamed";');
      fs.renameSync(join(base, 'lib/.leaf.swp'), join(base, 'lib/leaf.mjs'));
      await change();
      out.seen = [(await load('tools')).hello()];
      clock.stop(); // however long it is away
      fs.rmSync(join(base, 'tools.mjs'));
      write('lib/leaf.mjs', 'export const leaf = "edited";');
      await change(2);
      out.whileAway = changes.length;
      write('tools.mjs', 'export const hello = () => "saved slowly";');
      await change(3);
      out.seen.push((await load('tools')).hello());
      clock.ahead(0);
      fs.rmSync(join(base, 'tools.mjs'));
      await change(4);
      out.gone = (await failure('tools')).code;
      write('tools.mjs', 'export const hello = () => "back";');
      await change(5);
      out.seen.push((await load('tools')).hello());
      fs.renameSync(join(base, 'tools.mjs'), join(base, 'moved.mjs'));
      fs.mkdirSync(join(base, 'tools'));
      fs.renameSync(join(base, 'moved.mjs'), join(base, 'tools/index.mjs'));
      await change(6);
      out.seen.push((await load('tools')).hello());
      for (let i = 0; i < 20; i++) { fs.appendFileSync(join(base, 'tools.log'), 'x'); await turns(); }
      fs.utimesSync(join(base, 'tools.log'), 1, 1);
      fs.chmodSync(join(base, 'tools/index.mjs'), 0o600);
      write('tools/index.mjs', 'export const hello = () => "the last edit";');
      const last = await change(7);
      out.changes = [changes.length, last.files.map((file) => file.slice(base.length + 1))];
      `,
    );
    expect(result).toMatchObject({
      seen: ['tools part renamed', 'saved slowly', 'back', 'back'],
      whileAway: 2,
      gone: 'module_not_found',
      changes: [7, ['tools/index.mjs']],
    });
  });

  it('changes are found also if the whole folder is replaced', async () => {
    const base = folderOf({ ...chain, 'next/part.mjs': `export const part = () => 'next';`, 'next/leaf.mjs': `` });
    const result = await inChild(
      base,
      `
      watch();
      await load('tools');
      await watched();
      fs.renameSync(join(base, 'lib'), join(base, 'last'));
      fs.renameSync(join(base, 'next'), join(base, 'lib'));
      await change();
      out.seen = [(await load('tools')).hello()];
      // What happens to the folder may be reported once more while it is replaced.
      write('lib/part.mjs', 'export const part = () => "edited";');
      await until(async () => (await load('tools')).hello() === 'tools edited');
      `,
    );
    expect(result).toMatchObject({ seen: ['tools next'] });
  });

  it('an edit right after the load is not lost, and is found by the next load without a watcher', async () => {
    const base = folderOf({ ...chain, 'alone.mjs': `export const hello = () => 1;` });
    const result = await inChild(
      base,
      `
      await load('alone');
      await load('tools');
      write('lib/leaf.mjs', 'export const leaf = "unwatched";');
      out.seen = [(await load('tools')).hello()];
      watch();
      await load('alone');
      write('alone.mjs', 'export const hello = () => 2;');
      await change();
      out.seen.push((await load('alone')).hello());
      `,
    );
    expect(result).toMatchObject({ seen: ['tools part unwatched', 2] });
  });

  it('two sources share loaded modules, and each calls its own listeners', async () => {
    const base = folderOf(chain);
    const result = await inChild(
      base,
      `
      const second = localModules({ base: join(base, 'lib') });
      const seen = [];
      second.watch((change) => seen.push(change.affects(link('part'))));
      watch();
      await load('tools');
      await second.load(link('part'));
      await watched();
      write('lib/leaf.mjs', 'export const leaf = 2;');
      await change();
      await until(() => seen.length > 0);
      out.changes = [changes.length, seen];
      out.seen = [(await load('tools')).hello(), (await second.load(link('part'))).exports.part()];
      `,
    );
    expect(result).toMatchObject({ changes: [1, [true]], seen: ['tools part 2', 'part 2'] });
  });
});

describe('watching modules', () => {
  it('does not keep the process alive, whether open, closed or after a reload', async () => {
    const base = folderOf(chain);
    const result = await inChild(
      base,
      `
      const first = watch();
      const second = watch();
      await load('tools');
      await watched();
      out.open = watchers();
      first.close();
      out.half = watchers();
      second.close();
      second.close();
      await until(() => watchers() === 0);
      write('lib/leaf.mjs', 'export const leaf = 2;');
      await turns();
      out.changes = changes.length;
      watch();
      await change();
      out.hello = (await load('tools')).hello();
      modules.close();
      modules.close();
      await until(() => watchers() === 0);
      out.still = (await load('tools')).hello();
      watch();
      `,
    );
    expect(result).toMatchObject({ changes: 0, hello: 'tools part 2', still: 'tools part 2' });
  });

  it('calls the other listeners also if one throws', async () => {
    const base = folderOf(chain);
    const result = await inChild(
      base,
      `
      modules.watch(() => { throw new Error('listener'); });
      watch();
      await load('tools');
      await watched();
      write('tools.mjs', 'export const hello = () => 2;');
      await change();
      `,
    );
    expect(result.warnings).toEqual(['a listener for edited modules failed: listener']);
  });
});
