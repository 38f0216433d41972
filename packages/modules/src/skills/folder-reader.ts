/** Reads skills in folders below one folder. */
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import type { Skill, SkillFile, Unfinished } from '@mcp-daemon/core';
import { createUnfinished, DaemonError, fileMediaType, MAX_SKILL_BYTES, MAX_SKILL_FILES } from '@mcp-daemon/core';

import { codeOf, realPathBelow } from '../below.js';
import type { Frontmatter } from './frontmatter.js';

const MANIFEST = 'SKILL.md';
/** Folders in folders. */
const MAX_DEPTH = 20;

/** A file that was read, until it changes. */
interface Known {
  state: string;
  digest: string;
  size: number;
}

const refused = (why: string): DaemonError => new DaemonError('config_invalid', why);
const stateOf = ({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string => [dev, ino, size, mtimeMs, ctimeMs].join(':');

/** A path as a part of a URI. */
const uriPath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** Names that are left out: hidden files, and what systems and editors leave behind. */
const isLeftOut = (name: string): boolean => name.startsWith('.') || name.endsWith('~') || name === 'Thumbs.db';

/** A skill that was read. */
interface Found {
  skill: Skill;
  /** Milliseconds after which it is to be read again, because its SKILL.md is just being saved. 0: it need not be. */
  againMs: number;
}

/** Reads skills below a folder. */
export interface FolderReader {
  /** Reads a skill. Only files that changed since the last time are read. While its SKILL.md is being saved, it is as it was. @throws DaemonError `config_invalid` */
  load(path: string): Promise<Skill>;
}

/**
 * Creates a reader of skills.
 *
 * @param base the folder that paths start in
 * @param what what that folder is called, for messages
 * @param onRead called after each attempt to read a skill, with the folders that were looked into; undefined: it cannot be served;
 * and the milliseconds after which it is to be read again
 */
export function folderReader(
  base: string,
  what: string,
  onRead?: (path: string, folders: readonly string[], skill: Skill | undefined, againMs: number) => void,
): FolderReader {
  const known = new Map<string, Known>();
  const manifests = new Map<string, { digest: string; frontmatter: Frontmatter }>();
  /** The skills that could be read, by path. */
  const good = new Map<string, Skill>();
  const unfinished = new Map<string, Unfinished>();

  /** All files of a skill with their states, by path. @param folders gets the folders that are looked into @throws DaemonError `config_invalid` */
  async function walk(root: string, folders: string[]): Promise<Map<string, Stats>> {
    const found = new Map<string, Stats>();
    let bytes = 0;
    async function inside(folder: string, depth: number): Promise<void> {
      if (depth > MAX_DEPTH) throw refused(`it has folders in more than ${MAX_DEPTH} levels`);
      folders.push(join(root, folder));
      for (const name of (await readdir(join(root, folder))).sort()) {
        if (isLeftOut(name)) continue;
        const path = folder === '' ? name : `${folder}/${name}`;
        const stat = await lstat(join(root, path));
        if (stat.isDirectory()) {
          await inside(path, depth + 1);
          continue;
        }
        if (stat.isSymbolicLink()) throw refused(`"${path}" is a link: put the file itself there`);
        if (!stat.isFile()) throw refused(`"${path}" is neither a file nor a folder`);
        found.set(path, stat);
        if (found.size > MAX_SKILL_FILES) throw refused(`it has more than ${MAX_SKILL_FILES} files`);
        if ((bytes += stat.size) > MAX_SKILL_BYTES) throw refused(`its files have more than ${MAX_SKILL_BYTES} bytes`);
      }
    }
    await inside('', 1);
    return found;
  }

  /** Digest and size belong together, also if the file is written meanwhile. */
  async function knownOf(file: string, stat: Stats): Promise<Known> {
    const before = known.get(file);
    const state = stateOf(stat);
    if (before?.state === state) return before;
    const bytes = await readFile(file);
    const now = { state, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length };
    known.set(file, now);
    return now;
  }

  /** The folder of a skill. @throws DaemonError `config_invalid` */
  async function folderOf(path: string): Promise<string> {
    let folder: string | undefined;
    try {
      folder = await realPathBelow(base, path);
    } catch (error) {
      throw refused(codeOf(error) === 'ENOENT' ? 'there is no such folder' : `it cannot be read (${String(codeOf(error))})`);
    }
    if (folder !== undefined) return folder;
    throw refused(`it is outside of ${what}`);
  }

  /** Whether a SKILL.md may be half of what it is to become. @returns milliseconds to wait; 0: it is not */
  function savingMs(path: string, digest: string): number {
    const one = unfinished.get(path) ?? createUnfinished();
    unfinished.set(path, one);
    return one.waitMs(digest);
  }

  async function read(path: string, folders: string[]): Promise<Found> {
    const folder = await folderOf(path);
    const stats = await walk(folder, folders);
    const manifest = stats.get(MANIFEST);
    if (manifest === undefined) throw refused(`it has no file ${MANIFEST}`);
    const { digest } = await knownOf(join(folder, MANIFEST), manifest);
    let parsed = manifests.get(folder);
    if (parsed?.digest !== digest) {
      // Loaded here, because few servers have skills, and reading YAML takes much code.
      const [text, { isCutOff, readFrontmatter }] = await Promise.all([
        readFile(join(folder, MANIFEST), 'utf8'),
        import('./frontmatter.js'),
      ]);
      const before = good.get(path);
      const againMs = before !== undefined && isCutOff(text) ? savingMs(path, digest) : 0;
      if (before !== undefined && againMs > 0) return { skill: before, againMs };
      parsed = { digest, frontmatter: readFrontmatter(text, basename(folder)) };
      manifests.set(folder, parsed);
    }
    const { name, description, all } = parsed.frontmatter;
    const files: SkillFile[] = [];
    for (const [file, stat] of stats) {
      const mimeType = fileMediaType(file);
      const { digest: own, size } = await knownOf(join(folder, file), stat);
      const entry: SkillFile = {
        ...{ uri: `skill://${name}/${uriPath(file)}`, path: `${path}/${file}`, digest: own, size },
        ...(mimeType === undefined ? {} : { mimeType }),
      };
      if (file === MANIFEST) files.unshift(entry);
      else files.push(entry);
    }
    const skill = { name, description, uri: `skill://${name}/${MANIFEST}`, frontmatter: all, files };
    good.set(path, skill);
    return { skill, againMs: 0 };
  }

  return {
    async load(path) {
      const folders = [join(base, path)];
      try {
        const { skill, againMs } = await read(path, folders);
        onRead?.(path, folders, skill, againMs);
        return skill;
      } catch (error) {
        onRead?.(path, folders, undefined, 0);
        if (error instanceof DaemonError) throw error;
        throw refused(`it cannot be read (${String(codeOf(error) ?? error)})`);
      }
    },
  };
}
