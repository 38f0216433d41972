/**
 * The parsed config file of a host, in JSON or TOML.
 */
import type { EntryChange } from './merge.js';

/** The parsed config file of a host. */
export interface HostDocument {
  /** The entry of a server; undefined where there is none. */
  entry(name: string): unknown;
  /** The entries of all servers. */
  entries(): readonly unknown[];
  /** The text of the file with the entry changed, or removed where the change is undefined. @throws Failure if it cannot be */
  with(name: string, change: EntryChange | undefined): string;
}

/**
 * Parses a text without a byte order mark.
 *
 * @param key the member of the file that holds the servers
 * @param shown the file, for messages
 */
export type ReadDocument = (source: string, key: string, shown: string) => HostDocument;

/** The end of every message about a file that cannot be edited. */
export const UNCHANGED = 'The file was not changed';
