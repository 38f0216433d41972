/**
 * What `install` knows of a host: where its config file is, and how an entry looks in it.
 */
import type { Env } from '../settings/settings.js';

/** Where a server is available: for this user everywhere, or in this folder only. */
export type Scope = 'user' | 'project';

/** What the path of a config file depends on. */
export interface Machine {
  env: Env;
  platform: NodeJS.Platform;
  /** The project's folder. */
  cwd: string;
}

/** The entry of one server in the config file of a host. */
export type HostEntry = Readonly<Record<string, unknown>>;

/** When a host notices a change of its config file. */
export type Loading = 'at a restart' | 'in new sessions' | 'at once';

/** A host. */
export interface Host {
  readonly title: string;
  readonly format: 'json' | 'toml';
  /** The member of the file that contains the servers. */
  readonly key: string;
  /** The entry of a server that the host starts, with these environment variables. */
  readonly command: (command: string, args: readonly string[], env: Readonly<Record<string, string>>) => HostEntry;
  /** The entry of a server that the host reaches by HTTP; undefined where its file takes commands only. */
  readonly url?: (url: string, headers: Readonly<Record<string, string>>) => HostEntry;
  /** Members of a new entry that the user may change later. */
  readonly defaults?: HostEntry;
  readonly loads: Loading;
  /** How to see in the host that it has the server. */
  readonly look: string;
  /** What a host asks for before it uses a server of a project. */
  readonly approval?: string;
  /** Whether the file may also have the ending `.jsonc`. */
  readonly jsonc?: true;
  /** The names of servers that the host accepts; by default any. */
  readonly names?: RegExp;
  /** The path of the config file; undefined where the host has no such scope. */
  readonly file: (scope: Scope, machine: Machine) => string | undefined;
}

/** What to tell the user after the entry was written. */
export function afterInstall({ title, loads, look, approval }: Host, scope: Scope): string {
  const when = {
    'at a restart': `Restart ${title} to load the server.`,
    'in new sessions': `New sessions of ${title} have the server.`,
    'at once': `${title} loads the server without a restart.`,
  }[loads];
  return scope === 'project' && approval !== undefined ? approval : `${when} ${look}`;
}

/** What to tell the user after the entry was removed. */
export function afterUninstall({ title, loads }: Host): string {
  return {
    'at a restart': `Restart ${title}: until then it may still run the server.`,
    'in new sessions': `New sessions of ${title} do not have the server. Open ones keep it.`,
    'at once': `${title} drops the server without a restart.`,
  }[loads];
}
