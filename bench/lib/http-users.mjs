/**
 * The users of our HTTP servers. There are several, because each user has limits.
 */
import { createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';

export const SECRET = 'a secret of the benchmark, which is long enough';

const COUNT = 30;
/** The hash of an unused password: the tokens are made here. */
const HASH = '$2b$04$kHj1ITX8dmWEf28Upr9AJuNDBFWuj02EF8rLAGb3gyv0fPOmRgEl6';
const SECONDS = 3_600;
const names = Array.from({ length: COUNT }, (_, index) => `user${index}`);

/** The config file's, and the one that the suite of stores keeps in the store. */
const PARTITIONS = ['default', 'stored'];

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function tokenOf(sub) {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: 'mcp-daemon', sub, iat, exp: iat + SECONDS, roles: ['user'], partitions: PARTITIONS };
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}

/** Writes the users file. */
export const writeUsers = (file) =>
  writeFile(
    file,
    JSON.stringify(names.map((username) => ({ username, password_hash: HASH, roles: ['user'], partitions: PARTITIONS }))),
    { mode: 0o600 },
  );

/** The headers of each user's requests. */
export const userHeaders = () => names.map((name) => ({ authorization: `Bearer ${tokenOf(name)}` }));
