/** Fills in what the texts of a mounted server refer to, just before it is started. */
import type { JsonObject, MountClient, MountDefinition } from '@mcp-daemon/core';

/** What the texts are filled with. */
export interface TextSource {
  /**
   * Fills in the references of all texts of a value: `env:NAME`, `${env:NAME}` and the like.
   *
   * @throws Error that says what is missing, without a value
   */
  fill(value: JsonObject): Promise<JsonObject>;
  /** The environment variables that hosts' spellings (`${NAME}`, `${NAME:-default}`) refer to. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A mounted server whose texts are what they refer to. */
export interface FilledMount {
  readonly command?: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bundle?: string;
  readonly user_config: NonNullable<MountDefinition['user_config']>;
  /** The client that logs in. */
  readonly auth?: MountClient;
  /** Replaces secrets in a text with `***`. */
  mask(text: string): string;
}

/** `${NAME}` and `${NAME:-default}`, as in hosts' files. Others are left as they are. */
const HOST_SPELLING = /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/g;
/** Shorter texts would mask what is no secret. */
const SECRET_LENGTH = 6;

/** @throws Error that names the variable that is not set */
function hostVariables(text: string, env: TextSource['env']): string {
  return text.replace(HOST_SPELLING, (_, name: string, otherwise: string | undefined) => {
    const value = env[name] ?? otherwise;
    if (value === undefined) throw new Error(`the environment variable ${name} is not set`);
    return value;
  });
}

function inAll(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => inAll(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inAll(item, change)]));
}

/** All texts in a value. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Fills in the texts of a mounted server. @throws Error that says what is missing */
export async function fillMount(mount: MountDefinition, source: TextSource): Promise<FilledMount> {
  const { command, args = [], env = {}, cwd, url, headers = {}, bundle, user_config = {}, auth } = mount;
  const given: JsonObject = { args, env, headers, user_config };
  if (command !== undefined) given['command'] = command;
  if (cwd !== undefined) given['cwd'] = cwd;
  if (url !== undefined) given['url'] = url;
  if (bundle !== undefined) given['bundle'] = bundle;
  if (auth !== undefined) given['auth'] = { ...auth };
  const known = await source.fill(given);
  const filled = inAll(known, (text) => hostVariables(text, source.env)) as unknown as Omit<FilledMount, 'mask'>;
  // Values of the environment and of headers are secrets, wherever they come from; other texts only where they were references.
  const before = new Set(textsIn({ args, command, cwd, url, bundle, user_config, auth }));
  const secrets = [...textsIn(filled.env), ...textsIn(filled.headers), ...textsIn(filled).filter((text) => !before.has(text))]
    .filter((text) => text.length >= SECRET_LENGTH)
    .sort((a, b) => b.length - a.length);
  const unique = [...new Set(secrets)];
  return { ...filled, mask: (text) => unique.reduce((masked, secret) => masked.replaceAll(secret, '***'), text) };
}
