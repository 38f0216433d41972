/** Who uses the console. */
import type { Json } from '../base/json.js';
import { Failure } from './failure.js';
import { send } from './request.js';

/** A user, as the server knows them. */
export interface Me {
  readonly username: string;
  readonly roles: readonly string[];
  /** The partitions that are granted to the user; empty for an admin, who may use all. */
  readonly partitions: readonly string[];
  /** When the token expires, in milliseconds since 1970. Undefined: never. */
  readonly expires: number | undefined;
}

const textsOf = (value: Json | undefined): string[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter((one) => typeof one === 'string') : [];

/**
 * The user of a token.
 *
 * @returns undefined where the server does not say: it has its own way of authentication
 * @throws Failure of kind `login` where the token is refused
 */
export async function whoAmI(token: string | undefined): Promise<Me | undefined> {
  const accepts = ({ ok, status }: Response): boolean => ok || status === 404;
  const response = await send('/me', { partition: 'default', token }, {}, accepts);
  if (response.status === 404) return undefined;
  const body = (await response.json()) as Record<string, Json>;
  const { username, roles, partitions, exp } = body;
  return {
    username: typeof username === 'string' ? username : '',
    roles: textsOf(roles),
    partitions: textsOf(partitions),
    expires: typeof exp === 'number' ? exp * 1_000 : undefined,
  };
}

/** A token for a password. @throws Failure */
export async function logIn(username: string, password: string): Promise<string> {
  const body = { username, password };
  const response = await send('/auth/login', undefined, { method: 'POST', body });
  const { access_token: token } = (await response.json()) as Record<string, Json>;
  if (typeof token !== 'string') throw new Failure('broken', 'The server has answered without a token.');
  return token;
}
