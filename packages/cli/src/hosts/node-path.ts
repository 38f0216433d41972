/**
 * Finds a path of the running Node that stays when Node is upgraded. `process.execPath` has no symbolic links in it, so with
 * Homebrew, nvm, fnm, volta, mise or Nix it names the folder of one version, which the next upgrade may remove.
 */
import { readdirSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, sep } from 'node:path';

/** A path of the running Node. */
export interface NodePath {
  readonly path: string;
  /** Whether the path contains a folder of only this version. */
  readonly isVersioned: boolean;
}

/** What {@link stableNode} depends on. */
export interface RunningNode {
  /** `process.execPath`. */
  readonly execPath: string;
  /** `process.argv0`: Node as it was called. */
  readonly argv0: string;
  /** The search path for commands. */
  readonly path: string | undefined;
  readonly platform: NodeJS.Platform;
}

/** The real path of a file; undefined where there is none. */
function realPath(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}

/** A version in a path, such as `v20.1.0`, or a folder of Nix. */
const VERSION = /[\\/](?:v?\d+(?:\.\d+)*|node[_-]v?\d[^\\/]*)(?:[\\/]|$)|[\\/]nix[\\/]store[\\/]/;

/** Folders that exist for one shell or one project only. */
const PASSING = /[\\/](?:fnm_multishells|node_modules)[\\/]/;

/**
 * Links to the folder of this version that its version manager keeps: a link beside the folder (mise's `latest`, nvm's `current`
 * one level up), or fnm's alias.
 */
function linksOf(execPath: string): string[] {
  const inside = process.platform === 'win32' ? [basename(execPath)] : [basename(dirname(execPath)), basename(execPath)];
  const version = inside.reduce((path) => dirname(path), execPath);
  const parents = [dirname(version), dirname(dirname(version)), dirname(dirname(dirname(version)))];
  // The folder of fnm has the versions in node-versions/VERSION/installation, and the links in aliases.
  const folders = [...parents, ...parents.map((parent) => join(parent, 'aliases'))];
  return folders.flatMap((folder) => {
    try {
      return readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isSymbolicLink())
        .map(({ name }) => join(folder, name, ...inside));
    } catch {
      return [];
    }
  });
}

/** volta's command runs the version that the user has chosen; it works without a shell. */
const isVolta = (path: string): boolean => path.includes(`${sep}.volta${sep}bin${sep}`);

/** The path of the running Node, for the config file of a host; a path without a version, if there is one. */
export function stableNode({ execPath, argv0, path = '', platform }: RunningNode): NodePath {
  const name = platform === 'win32' ? 'node.exe' : 'node';
  const running = realPath(execPath) ?? execPath;
  const called = isAbsolute(argv0) ? [argv0] : [];
  const onPath = path
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, name));
  const isSame = (file: string): boolean => realPath(file) === running;
  const voltas = running.includes(`${sep}.volta${sep}tools${sep}`)
    ? onPath.filter((file) => isVolta(file) && realPath(file) !== undefined)
    : [];
  const found = [...voltas, ...[...called, ...onPath].filter(isSame)].filter((file) => !PASSING.test(file));
  const stable = found.find((file) => !VERSION.test(dirname(file)));
  if (stable !== undefined) return { path: stable, isVersioned: false };
  const links = VERSION.test(dirname(execPath)) ? linksOf(execPath).filter(isSame) : [];
  // "latest" rather than "20": the shortest name without a digit first.
  const link = links.find((file) => !VERSION.test(file)) ?? links[0];
  if (link !== undefined) return { path: link, isVersioned: VERSION.test(link) };
  return { path: found[0] ?? execPath, isVersioned: VERSION.test(found[0] ?? execPath) };
}
