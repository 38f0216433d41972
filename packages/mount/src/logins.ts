/** The log-ins at mounted servers that have a URL: of operators, and of users. */
import type { Logger, LoginStatus, MountDefinition } from '@mcp-daemon/core';
import type { StoredOAuthClientInformation } from '@modelcontextprotocol/client';

import type * as Http from './http/index.js';
import type { LoginStore, LoginTarget, TokenKeeper, UserLogins } from './http/index.js';
import type { TextSource } from './secrets.js';
import { fillMount } from './secrets.js';

/** Where a browser comes back to, and how it gets there. */
export interface LoginPlace {
  /** The address on this machine that the browser is sent back to. */
  readonly redirectUrl: string;
  /** Shows the address to log in at. */
  show(url: URL): void;
  /** The parameters with which the browser came back. */
  readonly answer: Promise<URLSearchParams>;
}

/** What {@link Logins} takes. */
export interface LoginsOptions {
  store: LoginStore;
  /** Fills in references to secrets and variables. */
  texts: TextSource;
  logger: Logger;
}

/** What was given back at a log-out. */
export interface LoggedOut {
  /** Log-ins that were removed. */
  readonly count: number;
  /** Of these, those that the authorization server was told of. */
  readonly revoked: number;
}

/** @throws Error if a text is no address */
export function addressOf(url: string | undefined): URL {
  const address = URL.canParse(url ?? '') ? new URL(url as string) : undefined;
  if (address === undefined || !/^https?:$/.test(address.protocol)) throw new Error('its url is no http or https URL');
  return address;
}

/** Whether a server has log-ins. */
export const hasLogins = ({ credentials }: MountDefinition): boolean => credentials === 'service' || credentials === 'per_user';

/** The log-ins of one process. */
export class Logins {
  readonly #options: LoginsOptions;
  /** By the server and the user. */
  readonly #keepers = new Map<string, TokenKeeper>();
  #http: Promise<typeof Http> | undefined;

  constructor(options: LoginsOptions) {
    this.#options = options;
  }

  /** What speaks HTTP, loaded. */
  http(): Promise<typeof Http> {
    return (this.#http ??= import('./http/index.js'));
  }

  static #key({ name, url, auth }: MountDefinition, subject: string | null): string {
    return JSON.stringify([name, url, auth, subject]);
  }

  /** A server to log in at. @throws Error that says what is missing */
  async #target(mount: MountDefinition): Promise<LoginTarget> {
    const { name, auth } = mount;
    const url = await this.address(mount);
    if (auth === undefined) return { name, url };
    // Filled in for each use: the file or the secret that it refers to may change.
    const client = async (): Promise<StoredOAuthClientInformation> => {
      const { client_id, client_secret, issuer } = (await fillMount(mount, this.#options.texts)).auth ?? auth;
      return {
        client_id,
        ...(client_secret === undefined ? {} : { client_secret }),
        ...(issuer === undefined ? {} : { issuer }),
      };
    };
    return { name, url, client };
  }

  /** The address of a server. @throws Error that says what is missing */
  async address(mount: MountDefinition): Promise<URL> {
    return addressOf((await fillMount(mount, this.#options.texts)).url);
  }

  /**
   * The tokens of a log-in, kept up to date from now on.
   *
   * @param subject whose; null: an operator's
   * @throws Error that says what is missing
   */
  async keeper(mount: MountDefinition, subject: string | null): Promise<TokenKeeper> {
    const key = Logins.#key(mount, subject);
    const [target, { TokenKeeper: Keeper }] = await Promise.all([this.#target(mount), this.http()]);
    let keeper = this.#keepers.get(key);
    if (keeper === undefined) {
      const { store, logger } = this.#options;
      const advice = subject === null ? `run "mcp-daemon mounts login ${mount.name}"` : 'call it again to get a link';
      keeper = new Keeper({ target, store, subject, advice, logger });
      this.#keepers.set(key, keeper);
    }
    return keeper;
  }

  /** How the log-in of an operator is; undefined: the server has none, or it was not needed yet. */
  status(mount: MountDefinition): LoginStatus | undefined {
    return this.#keepers.get(Logins.#key(mount, null))?.status;
  }

  /** Stops to keep a log-in up to date. */
  release(mount: MountDefinition, subject: string | null): void {
    const key = Logins.#key(mount, subject);
    this.#keepers.get(key)?.close();
    this.#keepers.delete(key);
  }

  /** Stops to keep any log-in up to date. */
  close(): void {
    for (const keeper of this.#keepers.values()) keeper.close();
    this.#keepers.clear();
  }

  /** Logs an operator in, and keeps the tokens. @throws Error that says why it failed */
  async logIn(mount: MountDefinition, { redirectUrl, show, answer }: LoginPlace): Promise<void> {
    const { beginLogin, finishLogin, loginEntry } = await this.http();
    const target = await this.#target(mount);
    const { url } = target;
    const client = { redirectUrl, own: await target.client?.() };
    const { randomUUID } = await import('node:crypto');
    const state = randomUUID();
    const entry = loginEntry(target, this.#options.store, null);
    await entry.read(); // without a secret, nobody has to log in first
    const begun = await beginLogin(url, client, state);
    show(begun.url);
    const came = await answer;
    if (came.get('state') !== state) throw new Error('the browser came back from another log-in: try again');
    const kept = await finishLogin(url, client, begun, came, null);
    await entry.write({ ...kept });
  }

  /**
   * Gives the tokens of log-ins back, and removes them.
   *
   * @param whose an operator's (null), one user's, or all (undefined)
   * @throws DaemonError as the state store, and `usage` without a secret
   */
  async logOut(mount: MountDefinition, whose: string | null | undefined): Promise<LoggedOut> {
    const { clientOf, keptLogin, loginEntry, revokeTokens, SealedEntry } = await this.http();
    const { store, logger } = this.#options;
    const target = await this.#target(mount);
    const { url } = target;
    const entries =
      whose === undefined
        ? (await this.#keys(`token/${mount.name}/`)).map(
            (key) => new SealedEntry({ ...store, secret: store.secret, key, bound: [url.href] }),
          )
        : [loginEntry(target, store, whose)];
    let [count, revoked] = [0, 0];
    for (const entry of entries) {
      const found = await entry.read();
      const kept = found === undefined ? undefined : keptLogin(found.value);
      // First, so that no process uses tokens that were given back.
      const removed = await entry.remove();
      if (!removed || entry.key.endsWith('/client')) continue;
      count += 1;
      const isTold =
        kept !== undefined &&
        (await clientOf(kept, target)
          .then((client) => revokeTokens(kept, client))
          .catch((error: unknown) => {
            const why = error instanceof Error ? error.message : String(error);
            logger.warn({ server: mount.name, error: why }, 'the authorization server could not be told of a log-out');
            return false;
          }));
      if (isTold) revoked += 1;
    }
    return { count, revoked };
  }

  async #keys(prefix: string): Promise<string[]> {
    const { state, partition } = this.#options.store;
    const store = await state();
    const keys: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.list(partition, prefix, { limit: 1_000, ...(cursor && { cursor }) });
      keys.push(...page.items.map(({ key }) => key).filter((key) => !key.endsWith('/renewal')));
      ({ cursor } = page);
    } while (cursor !== undefined);
    return keys;
  }

  /** The pages on which users log in. */
  async pages(
    options: Pick<ConstructorParameters<typeof UserLogins>[0], 'base' | 'loggedIn'> & {
      mount(name: string): MountDefinition | undefined;
    },
  ): Promise<UserLogins> {
    const { UserLogins: Pages } = await this.http();
    const { base, loggedIn, mount } = options;
    return new Pages({
      store: this.#options.store,
      base,
      loggedIn,
      target: async (name) => {
        const found = mount(name);
        return found?.credentials === 'per_user' ? this.#target(found) : undefined;
      },
    });
  }
}
