/** Finds a module in an extracted bundle, and recognises its language. */
import { readdirSync } from 'node:fs';
import { join, sep } from 'node:path';

import type { CodeLocation, LinkBinding, Runtime } from '@mcp-daemon/core';
import { DaemonError, didYouMean } from '@mcp-daemon/core';

import { realPath, statOf } from '../files.js';
import { locate } from '../locate.js';

/** What a link says about its code. */
export type CodeNames = Pick<LinkBinding, 'package_name' | 'module_name' | 'runtime'>;

/** Tools put these beside the folder that they archive. */
const NO_CODE = new Set(['META-INF', '__MACOSX']);

/** The folder that holds everything else of the bundle, as in archives of git and of npm; undefined: there are several entries. */
function onlyFolder(root: string): string | undefined {
  const entries = readdirSync(root, { withFileTypes: true }).filter(({ name }) => !NO_CODE.has(name) && !name.startsWith('.'));
  const [only, another] = entries;
  return only?.isDirectory() === true && another === undefined ? join(root, only.name) : undefined;
}

/** The folders in which a bundle's code may begin: its own, and the one folder in it. */
export function rootsOf(folder: string): string[] {
  const inner = onlyFolder(folder);
  return inner === undefined ? [folder] : [folder, inner];
}

const isIn = (root: string, file: string): boolean => realPath(file).startsWith(realPath(root) + sep);

/** The module's file for Node. */
function nodeFile(root: string, { package_name, module_name }: CodeNames): string | undefined {
  // As a source, the folder may be the package itself: its package.json names the file then.
  const base = join(root, '..');
  try {
    const { file, member } = locate(base, { package_name, module_name, source: root });
    // What is installed beside the bundles is not part of it.
    return member === undefined && isIn(root, file) ? file : undefined;
  } catch (error) {
    if (error instanceof DaemonError && error.code === 'module_not_found') return undefined;
    throw error;
  }
}

/** Whether Python finds the module: a file, a package, or a folder with Python files. */
function isPythonModule(root: string, module: string): boolean {
  const path = join(root, ...module.split('.'));
  if (statOf(`${path}.py`)?.isFile() === true) return true;
  if (statOf(path)?.isDirectory() !== true) return false;
  return readdirSync(path).some((name) => name.endsWith('.py'));
}

/** Names of modules in a folder, for suggestions. */
const namesIn = (root: string): string[] =>
  readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || NO_CODE.has(entry.name) || entry.name === 'node_modules') return [];
    if (entry.isDirectory()) return [entry.name];
    return /\.(?:[cm]?[jt]s|py)$/.test(entry.name) ? [entry.name.replace(/\.\w+$/, '')] : [];
  });

/** The code of a module in one folder. */
function inRoot(root: string, names: CodeNames): { runtime: Runtime; root: string; file: string | null } | undefined {
  const { module_name: module, runtime } = names;
  const file = runtime === 'python' ? undefined : nodeFile(root, names);
  if (file !== undefined) return { runtime: 'node', root, file };
  const isModuleName = /^[\w.]+$/.test(module);
  return runtime !== 'node' && isModuleName && isPythonModule(root, module) ? { runtime: 'python', root, file: null } : undefined;
}

/**
 * Finds the code of a module.
 *
 * @param folder the extracted bundle
 * @param bundle what the bundle is called in the message
 * @throws DaemonError `module_not_found`, with the names of the modules that are there
 */
export function findCode(folder: string, names: CodeNames, bundle: string): Omit<CodeLocation, 'digest'> {
  const roots = rootsOf(folder);
  for (const root of roots) {
    const found = inRoot(root, names);
    if (found !== undefined) return found;
  }
  const { module_name: module, runtime } = names;
  const there = roots.flatMap(namesIn);
  const language = runtime === undefined ? '' : ` for ${runtime === 'node' ? 'Node' : 'Python'}`;
  const has = there.length === 0 ? 'no code at its top' : there.slice(0, 10).join(', ');
  throw new DaemonError(
    'module_not_found',
    `module "${module}" not found${language}: ${bundle} has ${has}${didYouMean(module, there)}`,
  );
}
