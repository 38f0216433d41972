/** Notices that skills in folders have changed, so that clients are told. Only skills that somebody has asked for are watched. */
import type { Skill, SkillListener } from '@mcp-daemon/core';

import type { FolderWatch } from '../folders.js';
import { watchFolders } from '../folders.js';

/** What {@link watchSkills} returns. */
export interface SkillWatch {
  /**
   * A skill was read.
   *
   * @param folders the folders that were looked into
   * @param skill undefined: it cannot be served
   * @param againMs milliseconds after which it is to be read again; 0: it need not be
   */
  seen(path: string, folders: readonly string[], skill: Skill | undefined, againMs: number): void;
  /** Adds a listener. @returns removes it */
  add(listener: SkillListener): () => void;
  /** Ends watching. A second call does nothing. */
  close(): void;
}

/** Folders that are watched; others are polled. */
const MAX_WATCHERS = 100;
const POLL_MS = 5_000;
/** Programs that write files write several. */
const DEBOUNCE_MS = 100;
/** Skills that are watched. */
const MAX_SKILLS = 1_000;

/** A skill as it was read last. */
interface Seen {
  readonly folders: ReadonlySet<string>;
  /** The digests of its files, by URI. */
  readonly files: ReadonlyMap<string, string>;
}

/** The files that are in one version alone, or differ. */
const changedFiles = (before: Seen['files'], now: Seen['files']): string[] =>
  [...new Set([...before.keys(), ...now.keys()])].filter((uri) => before.get(uri) !== now.get(uri));

/** Creates a watch. @param look reads a skill again, and says so to {@link SkillWatch.seen} */
export function watchSkills(look: (path: string) => Promise<unknown>): SkillWatch {
  const skills = new Map<string, Seen>();
  const listeners = new Set<SkillListener>();
  const due = new Set<string>();
  let watched: FolderWatch | undefined;
  let timer: NodeJS.Timeout | undefined;
  const saving = new Map<string, NodeJS.Timeout>();

  function lookAgain(): void {
    timer = undefined;
    const paths = [...due];
    due.clear();
    for (const path of paths) void look(path).catch(() => undefined); // a skill with a mistake is logged when somebody asks for it
  }

  function lookSoon(paths: readonly string[]): void {
    for (const path of paths) due.add(path);
    if (due.size > 0) timer ??= setTimeout(lookAgain, DEBOUNCE_MS).unref();
  }

  function changedIn(folder: string): void {
    lookSoon([...skills].filter(([, { folders }]) => folders.has(folder)).map(([path]) => path));
  }

  return {
    seen(path, folders, skill, againMs) {
      if (listeners.size === 0) return;
      clearTimeout(saving.get(path));
      saving.delete(path);
      if (againMs > 0) saving.set(path, setTimeout(() => lookSoon([path]), againMs).unref());
      const before = skills.get(path);
      if (before === undefined && skills.size >= MAX_SKILLS) return;
      const files = new Map((skill?.files ?? []).map(({ uri, digest }) => [uri, digest]));
      skills.set(path, { folders: new Set(folders), files });
      watched ??= watchFolders({ onEvent: changedIn, limit: MAX_WATCHERS, interval: POLL_MS });
      watched.set(new Set([...skills.values()].flatMap((one) => [...one.folders])));
      // Whoever has read the skill, the event of the change or a client: all clients are told.
      const changed = before === undefined ? [] : changedFiles(before.files, files);
      if (changed.length > 0) for (const listener of listeners) listener(path, changed);
    },
    add(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      for (const one of [timer, ...saving.values()]) clearTimeout(one);
      watched?.close();
      listeners.clear();
    },
  };
}
