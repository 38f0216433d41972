/** What the pages need to log users in at mounted servers. The package of mounts implements it. */
import type { Awaitable } from '@mcp-daemon/core';

/** Whose log-in a link is for, and where. */
export interface MountLogin {
  /** The name of the mounted server. */
  readonly server: string;
  /** The host of the mounted server. */
  readonly host: string;
  readonly partition: string;
  readonly subject: string;
}

/** A log-in that was begun. */
export interface BegunMountLogin {
  /** Where the browser is sent: an http or https URL of another server. */
  readonly url: string;
  /** Comes back with the browser. */
  readonly state: string;
  /** Proves that it is the same browser that comes back. */
  readonly browser: string;
}

/** Logs users in at mounted servers. Errors have messages for people. */
export interface MountLogins {
  /** Reads the ticket of a link. @returns undefined: it is not ours, or has expired */
  open(ticket: string): Promise<MountLogin | undefined>;
  /** Begins a log-in. The caller has checked that it is the ticket's user who asks. @throws Error that says why it cannot be begun */
  begin(ticket: string): Promise<BegunMountLogin>;
  /**
   * Ends a log-in.
   *
   * @param answer the parameters with which the browser came back
   * @param browserOf what this browser was given for a state; undefined: nothing
   * @throws Error that says why it failed
   */
  finish(answer: URLSearchParams, browserOf: (state: string) => string | undefined): Promise<MountLogin>;
  /** What this server says of itself to authorization servers; undefined: it is not public. */
  clientDocument(): Awaitable<object | undefined>;
}
