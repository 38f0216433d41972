/**
 * `bundle build`.
 */
import { Failure, messageOf, UsageError } from '../errors.js';
import { displayPath } from '../terminal/text.js';
import { BOUND_FLAGS, nameOfFile, reportLines, reportOn } from './bundle-text.js';
import type { CommandContext } from './command.js';
import { defineCommand, switchFlag, textFlag } from './command.js';

/** From so many files on, progress is shown. */
const LARGE = 1_000;

/** How many names of what was left out are printed. */
const MAX_LEFT_OUT = 12;

/** Loads what works on bundles. */
const tools = async () => {
  const [bundles, { bundleLimits }, { stderrProgress }] = await Promise.all([
    import('@mcp-daemon/modules/bundle'),
    import('../runtime/bundle-sources.js'),
    import('../terminal/progress.js'),
  ]);
  return { ...bundles, bundleLimits, stderrProgress };
};

/** The name of a folder's package, or of the folder. */
async function nameOfFolder(folder: string): Promise<string> {
  const [{ readFile }, { basename, join }] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  let name: unknown;
  try {
    name = (JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { name?: unknown }).name;
  } catch {
    name = undefined; // not a package, or one whose package.json Node refuses, too
  }
  const found = typeof name === 'string' && name !== '' ? name.replace(/^@[^/]*\//, '') : basename(folder);
  return found.replace(/[^A-Za-z0-9_.-]/g, '_').replace(/^[.-]+/, '');
}

/** Where the archive is written. @throws UsageError if the name cannot be that of a bundle */
async function targetOf(folder: string, out: string | undefined, name: string | undefined): Promise<string> {
  const [{ resolve }, { bundleNameProblem }] = await Promise.all([import('node:path'), import('@mcp-daemon/core')]);
  const file = resolve(out ?? `${name ?? (await nameOfFolder(folder))}.zip`);
  const problem = bundleNameProblem(nameOfFile(file));
  if (problem !== undefined)
    throw new UsageError(`the name of a bundle ${problem}: give another with ${out === undefined ? '--name' : '--out'}`);
  return file;
}

/** `bundle build` */
export const build = defineCommand({
  command: 'build [dir]',
  description: 'Make a bundle of a folder; the same files make the same bytes',
  settings: BOUND_FLAGS,
  positionals: { dir: { type: 'string', describe: 'Folder with the code [default: this folder]' } },
  flags: {
    out: textFlag('File to write', { alias: 'o', defaultDescription: 'NAME.zip' }),
    name: textFlag('Name of the package', { defaultDescription: 'that in package.json, or that of the folder' }),
    exclude: textFlag('Leave out what matches this pattern, as "*.map" or "docs/**"; may be repeated', { array: true }),
    json: switchFlag('Print JSON'),
  },
  examples: [['bundle build functions --out weather.zip', 'Make weather.zip of the folder functions']],
  async run({ dir = '.', out, name, exclude = [], json }, { settings, print, note, paint, paintNote }) {
    const { buildBundle, bundleLimits, stderrProgress } = await tools();
    const [{ chmod }, { relative, resolve, sep }, { writeFileAtomically }] = await Promise.all([
      import('node:fs/promises'),
      import('node:path'),
      import('../files/atomic-write.js'),
    ]);
    const folder = resolve(dir);
    const file = await targetOf(folder, out, name);
    const inside = relative(folder, file).replaceAll(sep, '/');
    const progress = stderrProgress();
    let built;
    try {
      built = await buildBundle(folder, {
        exclude,
        except: [inside],
        limits: bundleLimits(settings),
        progress(done, total) {
          if (total >= LARGE) progress.update('files', done, total);
        },
      });
    } catch (error) {
      throw new Failure(`cannot make a bundle of ${displayPath(folder)}: ${messageOf(error)}`);
    } finally {
      progress.clear();
    }
    try {
      writeFileAtomically(file, built.bytes);
      await chmod(file, 0o666 & ~process.umask());
    } catch (error) {
      throw new Failure(`cannot write ${displayPath(file)}: ${messageOf(error)}`);
    }
    const report = await reportOn(nameOfFile(file), built.bundle);
    for (const remark of report.notes) note(`${paintNote('yellow', 'warning')} ${remark}`);
    if (json) print(JSON.stringify({ file, ...report, left_out: built.leftOut }, null, 2));
    else {
      print(paint('bold', displayPath(file)));
      for (const line of reportLines(report)) print(line);
      const { leftOut } = built;
      const more = leftOut.length > MAX_LEFT_OUT ? ` and ${leftOut.length - MAX_LEFT_OUT} more (--json lists them)` : '';
      if (leftOut.length > 0) print(paint('dim', `left out: ${leftOut.slice(0, MAX_LEFT_OUT).join(', ')}${more}`));
    }
    return 0;
  },
});

/** Reads an archive, and checks it. @throws Failure if it cannot be read, or is refused */
export async function readBundle(path: string, { settings }: Pick<CommandContext, 'settings'>) {
  const { BundleRefusal, bundleLimits, guardBundle, stderrProgress, verifyContents } = await tools();
  const [{ readFile, stat }, { resolve }] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  const file = resolve(path);
  const limits = bundleLimits(settings);
  const progress = stderrProgress();
  try {
    const { size } = await stat(file);
    if (size > limits.archiveBytes)
      throw new Failure(`${displayPath(file)} has ${size} bytes: --bundle-max-bytes allows ${limits.archiveBytes}`);
    const bundle = await guardBundle(await readFile(file), limits);
    await verifyContents(bundle, (done, total) => {
      if (total >= LARGE) progress.update('files', done, total);
    });
    return { file, bundle };
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (error instanceof BundleRefusal) throw new Failure(error.of(displayPath(file)).message);
    throw new Failure(`cannot read ${displayPath(file)}: ${messageOf(error)}`);
  } finally {
    progress.clear();
  }
}
