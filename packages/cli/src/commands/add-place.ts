/**
 * Where the function of a new tool goes: which file and class, and how a link of the config file names them.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';

import type { CatalogDefinition, LinkBinding } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';
import { localModules, locate } from '@mcp-daemon/modules';

import { Failure, UsageError } from '../errors.js';
import { isFile } from '../settings/paths.js';
import { displayPath } from '../terminal/text.js';
import type { Code, Format } from './add-code.js';

/** The extensions of code, in the order in which the daemon tries them. */
const EXTENSIONS = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];
/** The file of a project that has none yet. */
const NEW_FILE = 'functions.mjs';

/** Where a function goes. */
export interface FunctionPlace {
  readonly file: string;
  readonly moduleName: string;
  readonly className: string | undefined;
}

/** A file that links name, and how. */
interface KnownFile {
  readonly file: string;
  readonly isTool: boolean;
  readonly link: LinkBinding;
}

const realPath = (file: string): string => (existsSync(file) ? realpathSync(file) : file);

/** The files of the project that the links of a config file name. */
function knownFiles({ functions }: CatalogDefinition, folder: string): KnownFile[] {
  const source = localModules({ base: folder });
  return functions.flatMap(({ binding, kind }): KnownFile[] => {
    if (binding.kind !== 'link' || binding.runtime === 'python' || !source.accepts(binding)) return [];
    try {
      const { file, member } = locate(folder, binding);
      const isOwn = member === undefined && !file.includes(`${sep}node_modules${sep}`) && EXTENSIONS.includes(extname(file));
      return isOwn ? [{ file: realPath(file), isTool: kind === 'tool', link: binding }] : [];
    } catch {
      return []; // a module that is not there: `config check --load` reports it
    }
  });
}

/** The file that `--module` means: that of a module of the config file, or a path. @throws UsageError if it is no file of code */
function fileOf(word: string, known: readonly KnownFile[]): string {
  const named = known.find(({ link }) => link.module_name === word);
  if (named !== undefined) return named.file;
  const path = resolve(word);
  if (path.includes(`${sep}node_modules${sep}`))
    throw new UsageError(`--module: ${displayPath(path)} belongs to an installed package: name a file of your own`, {
      hint: false,
    });
  if (EXTENSIONS.includes(extname(path))) return realPath(path);
  const found = EXTENSIONS.map((extension) => path + extension).find(isFile);
  if (found !== undefined) return realPath(found);
  throw new UsageError(`--module: must be a file with JavaScript or TypeScript, such as ${basename(path, extname(path))}.mjs`, {
    hint: false,
  });
}

/** How a link names a file that no other link names: its path without the extension, where that leads to this file only. */
function moduleNameOf(file: string, folder: string): string {
  const path = relative(realPath(folder), file).replaceAll(sep, '/');
  const stem = path.slice(0, -extname(path).length);
  const isShared = EXTENSIONS.some((extension) => {
    const other = file.slice(0, -extname(file).length) + extension;
    return other !== file && existsSync(other);
  });
  return isShared || basename(stem) === '' || EXTENSIONS.includes(extname(stem)) ? path : stem;
}

/** The file where a new function goes if the user names none: that of the last tool. */
export function usualFile(definition: CatalogDefinition, folder: string): string {
  const known = knownFiles(definition, folder);
  return (known.findLast(({ isTool }) => isTool) ?? known.at(-1))?.file ?? join(realPath(folder), NEW_FILE);
}

/**
 * Finds the place for a function.
 *
 * @param folder the folder of the config file
 * @param given `module` and `className` as the user has named them. Without a class: the one that all links to the file have
 * @throws UsageError if the file is no file of code
 */
export function placeOf(
  definition: CatalogDefinition,
  folder: string,
  { module, className }: { module: string | undefined; className: string | undefined },
): FunctionPlace {
  const known = knownFiles(definition, folder);
  const file = module === undefined ? usualFile(definition, folder) : fileOf(module, known);
  const links = known.filter((each) => each.file === file).map(({ link }) => link);
  const classes = new Set(links.map((link) => link.class_name));
  const [only] = classes.size === 1 ? classes : [undefined];
  const wanted = className ?? only;
  const like = links.find((link) => link.class_name === wanted) ?? links[0];
  return { file, moduleName: like?.module_name ?? moduleNameOf(file, folder), className: wanted };
}

/** The `type` of the package that a file belongs to. */
function packageType(file: string): unknown {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (isFile(manifest)) {
      try {
        const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
        return isObject(parsed) ? parsed['type'] : undefined;
      } catch (error) {
        throw new Failure(`cannot read ${displayPath(manifest)}: ${String(error)}. Nothing was written`);
      }
    }
    if (dirname(folder) === folder) return undefined;
  }
}

/** Whether Node takes a file for an ES module or for CommonJS. @throws Failure if the package.json above it cannot be read */
export function formatOf(file: string, code: Code | undefined): Format {
  if (/\.m[jt]s$/.test(file)) return 'module';
  if (/\.c[jt]s$/.test(file)) return 'commonjs';
  return code?.isModule === true || packageType(file) === 'module' ? 'module' : 'commonjs';
}
