/**
 * Logging in with a user pool: a name and a password for its tokens. The call is not signed: it needs no credentials of AWS.
 *
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
 */
import { createHmac } from 'node:crypto';

import type { InitiateAuthCommandOutput } from '@aws-sdk/client-cognito-identity-provider';
import type { Logger } from '@mcp-daemon/core';

import type { Problem } from '../../wire/problem.js';
import { createAttempts, later } from '../attempts.js';
import type { FindBearer } from '../gate.js';
import type { Login } from '../login.js';
import { plausible, WRONG } from '../login.js';

const TIMEOUT_MS = 10_000;
const MAX_AT_ONCE = 32;
/** Seconds after which to come back where Cognito itself had enough. */
const BUSY_SECONDS = 10;
const LOCKED_SECONDS = 60;

/** What {@link createCognitoLogin} takes. */
export interface CognitoLoginOptions {
  region: string;
  clientId: string;
  clientSecret: string | undefined;
  /** Of Cognito's API. */
  endpoint: string | undefined;
  /** Verifies what Cognito gives. */
  find: FindBearer;
  logger: Pick<Logger, 'error'> | undefined;
}

/**
 * The `SECRET_HASH` of a username, by which an app client with a secret proves that it has it.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash
 */
export const secretHash = (username: string, clientId: string, clientSecret: string): string =>
  createHmac('sha256', clientSecret)
    .update(username + clientId)
    .digest('base64');

const forbidden = (code: string, message: string): Problem => ({ status: 403, message, code });

const NOT_SET_UP: Problem = {
  status: 502,
  message: 'Cognito does not take logins from here; the log of the server says why.',
};

/** What users can do something about. */
const REFUSALS: Readonly<Record<string, Problem>> = {
  NotAuthorizedException: WRONG,
  UserNotFoundException: WRONG,
  InvalidPasswordException: WRONG,
  InvalidParameterException: WRONG, // a name that nobody can have
  PasswordResetRequiredException: forbidden(
    'password_reset_required',
    'The password has to be reset before you can log in; use the sign-in page of the user pool.',
  ),
  UserNotConfirmedException: forbidden(
    'user_not_confirmed',
    'The account is not confirmed yet; use the sign-in page of the user pool.',
  ),
  UserLambdaValidationException: forbidden('access_denied', 'The user pool has refused this login.'),
  TooManyRequestsException: later(429, 'Cognito has too many requests; try again later.', BUSY_SECONDS),
  ThrottlingException: later(429, 'Cognito has too many requests; try again later.', BUSY_SECONDS),
  LimitExceededException: later(429, 'Cognito has too many requests; try again later.', BUSY_SECONDS),
};

/** What the operator has to repair, by what Cognito says of it. */
function repairOf(name: string, message: string): string | undefined {
  if (name === 'NotAuthorizedException' && /secret/i.test(message))
    return 'COGNITO_APP_SECRET is not the secret of the app client';
  if (name === 'InvalidParameterException' && /flow/i.test(message))
    return 'the app client does not allow ALLOW_USER_PASSWORD_AUTH';
  if (name === 'ResourceNotFoundException') return 'there is no app client of that id: see COGNITO_APP_CLIENT_ID';
  return undefined;
}

/** What a challenge that nobody here can answer is answered with. */
function challenged(name: string): Problem {
  const known = /^[A-Z_]{1,64}$/.test(name) ? name : 'a challenge';
  const what = name === 'NEW_PASSWORD_REQUIRED' ? 'a new password' : 'more than a password';
  return forbidden(
    'challenge_required',
    `Cognito asks for ${what} (${known}), which cannot be answered here: use the sign-in page of the user pool, and its token.`,
  );
}

/** Creates what logs people in. Nothing is loaded or connected before the first of them. */
export function createCognitoLogin(options: CognitoLoginOptions): Login {
  const { region, clientId, clientSecret, endpoint, find, logger } = options;
  const attempts = createAttempts();
  let underWay = 0;
  let initiate: Promise<(parameters: Record<string, string>) => Promise<InitiateAuthCommandOutput>> | undefined;

  async function load(): Promise<(parameters: Record<string, string>) => Promise<InitiateAuthCommandOutput>> {
    const { CognitoIdentityProviderClient, InitiateAuthCommand } = await import('./sdk.js');
    const client = new CognitoIdentityProviderClient({ region, maxAttempts: 2, ...(endpoint === undefined ? {} : { endpoint }) });
    return (AuthParameters) =>
      client.send(new InitiateAuthCommand({ AuthFlow: 'USER_PASSWORD_AUTH', ClientId: clientId, AuthParameters }), {
        abortSignal: AbortSignal.timeout(TIMEOUT_MS),
      });
  }

  /** A message of Cognito's may repeat what was typed: only its name is logged. */
  function refusalOf(error: unknown): Problem {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    const repair = repairOf(name, message);
    if (repair !== undefined) {
      logger?.error({ error: name }, `nobody can log in: ${repair}`);
      return NOT_SET_UP;
    }
    if (name === 'NotAuthorizedException' && /attempts exceeded/i.test(message))
      return later(429, 'Too many attempts to log in; try again later.', LOCKED_SECONDS);
    const refusal = REFUSALS[name];
    if (refusal !== undefined) return refusal;
    if ($metadata?.httpStatusCode === undefined) {
      if (error instanceof TypeError || error instanceof ReferenceError) throw error; // it says nothing of Cognito
      logger?.error({ error: (error as NodeJS.ErrnoException).code ?? name }, 'Cognito cannot be reached');
      return later(503, 'Cognito cannot be reached; try again later.', BUSY_SECONDS);
    }
    logger?.error({ error: name, status: $metadata.httpStatusCode }, 'Cognito has refused a login for a reason of its own');
    return { status: 502, message: 'Cognito could not log you in; the log of the server says more.' };
  }

  async function ask(username: string, password: string): Promise<InitiateAuthCommandOutput | Problem> {
    const proof = clientSecret === undefined ? {} : { SECRET_HASH: secretHash(username, clientId, clientSecret) };
    underWay += 1;
    try {
      const send = await (initiate ??= load());
      return await send({ USERNAME: username, PASSWORD: password, ...proof });
    } catch (error) {
      return refusalOf(error);
    } finally {
      underWay -= 1;
    }
  }

  return async (username, password, address) => {
    if (!plausible(username, password)) return WRONG;
    const user = username.toLowerCase(); // which of both a pool minds is its own matter
    const refusal = attempts.take(user, address);
    if (refusal !== undefined) return refusal;
    if (underWay >= MAX_AT_ONCE) return later(503, 'Too many people are logging in; try again in a moment.', 1);
    const answer = await ask(username, password);
    if ('status' in answer) return answer;
    if (answer.ChallengeName !== undefined) return challenged(answer.ChallengeName);
    const { AccessToken: accessToken = '', IdToken: idToken } = answer.AuthenticationResult ?? {};
    const bearer = await find(accessToken);
    if (typeof bearer === 'string') {
      logger?.error({ error: bearer }, 'nobody can log in: what the app client gives is no token of COGNITO_USER_POOL_ID');
      return NOT_SET_UP;
    }
    if ('status' in bearer) return bearer;
    attempts.succeeded(user, address);
    const expiresIn = Math.max(0, Math.floor((bearer.expires ?? 0) - Date.now() / 1000));
    return { accessToken, expiresIn, ...(idToken === undefined ? {} : { idToken }) };
  };
}
