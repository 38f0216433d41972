/**
 * The `requestState` of input-required results: the state of a call when it asked for input. It is encrypted and authenticated,
 * so that the client can carry it but neither read nor change it.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr#server-requirements-basic-workflow
 */
import { createHash } from 'node:crypto';

import { canonicalJson } from '../base/equality.js';
import type { JsonObject } from '../base/json.js';
import { createSeal, sealingKey } from '../base/seal.js';
import { DaemonError } from '../protocol/errors.js';

/** What a state is bound to. It is refused with any other caller, function or arguments. */
export interface StateBinding {
  partition: string;
  subject: string;
  /** Kind and name of the function, such as `tool:hello`. */
  target: string;
  /** The request's arguments. */
  input: unknown;
}

/** How far the approval of a call is, from one round to the next. */
export interface CarriedApproval {
  /** `asked`: the user's answer comes with the next round. `given`: the user has approved, and the function asks for more. */
  readonly step: 'asked' | 'given';
  /** Random, and used once: a state with an approval is good for one round. */
  readonly nonce: string;
  /** Milliseconds since 1970, after which it is void. */
  readonly until: number;
  /** The revision of the catalog that the user was asked on. */
  readonly revision: string;
  /** `given`: who approved and when, in words. */
  readonly by?: string;
}

/** The content of a state, from one round to the next. */
export interface CarriedState {
  /** The function's own state. */
  state?: unknown;
  /** The client's answers of earlier rounds. */
  inputs: JsonObject;
  /** Number of rounds so far. */
  rounds: number;
  approval?: CarriedApproval;
}

/** Encrypts and decrypts states with one key. */
export interface StateSealer {
  /** Encrypts a state. @throws DaemonError `limit_exceeded` if it is too large */
  seal(binding: StateBinding, carried: CarriedState): string;
  /**
   * Decrypts a state.
   * @throws DaemonError `invalid_request_state` if the text was changed, is too old or belongs to another request
   */
  open(binding: StateBinding, sealed: string): CarriedState;
}

/**
 * The authenticated, unencrypted part. It is never sent: it is computed again from the request that carries the state.
 *
 * @throws DaemonError `invalid_params` if the input is nested too deeply to be encoded
 */
function bindingBytes(binding: StateBinding): Buffer {
  const { partition, subject, target, input } = binding;
  let text: string;
  try {
    text = canonicalJson([partition, subject, target, input ?? {}]);
  } catch (cause) {
    throw new DaemonError('invalid_params', 'Invalid params: the arguments are nested too deeply for a request state.', {
      cause,
    });
  }
  return createHash('sha256').update(text).digest();
}

/**
 * Creates a sealer (AES-256-GCM).
 *
 * @param options.secret processes with the same secret can open each other's states; absent: a random one for this process
 * @param options.ttlMs how long a state is accepted
 * @param options.maxBytes maximum length of a sealed state
 * @param options.now the clock, in milliseconds
 */
export function createStateSealer(options: {
  secret?: string;
  ttlMs: number;
  maxBytes: number;
  now?: () => number;
}): StateSealer {
  const { secret, ttlMs, maxBytes, now = Date.now } = options;
  const state = createSeal(sealingKey(secret, 'request state'));
  const refused = (why: string): DaemonError =>
    new DaemonError('invalid_request_state', `requestState was refused: ${why}. Send the request again without it.`);

  return {
    seal(binding, carried) {
      const sealed = state.seal(JSON.stringify({ ...carried, expires: now() + ttlMs }), bindingBytes(binding));
      if (sealed.length > maxBytes) {
        throw new DaemonError(
          'limit_exceeded',
          `The state of this call is too large for a request state (${sealed.length} bytes, at most ${maxBytes}).`,
        );
      }
      return sealed;
    },
    open(binding, sealed) {
      const text = sealed.length > maxBytes ? undefined : state.open(sealed, bindingBytes(binding));
      if (text === undefined) throw refused('it is not from this server, was changed, or belongs to another request');
      const carried = JSON.parse(text) as CarriedState & { expires: number };
      if (carried.expires < now()) throw refused('it is too old');
      return carried;
    },
  };
}
