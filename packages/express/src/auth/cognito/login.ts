/**
 * Logging in to a user pool with a username and a password. The request to Cognito is not signed: it needs no AWS credentials.
 *
 * @see https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
 */
import { createHmac } from 'node:crypto';

import type { InitiateAuthCommandOutput } from '@aws-sdk/client-cognito-identity-provider';
import type { Logger } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import type { Problem } from '../../wire/problem.js';
import { createAttempts, retryLater } from '../attempts.js';
import type { Login } from '../login.js';
import { arePlausible, WRONG_CREDENTIALS } from '../login.js';
import { loadOptional } from '../optional-package.js';
import type { FindBearer } from '../request-authenticator.js';

/** How long one login may take. */
const TIMEOUT_MS = 10_000;
/** How many logins run at the same time. */
const MAX_RUNNING = 32;
/** Seconds after which clients may retry when Cognito is overloaded or cannot be reached. */
const BUSY_SECONDS = 10;
/** Seconds after which clients may retry when Cognito has locked a user after too many attempts. */
const LOCKED_SECONDS = 60;

/** What {@link createCognitoLogin} takes. */
export interface CognitoLoginOptions {
  region: string;
  clientId: string;
  clientSecret: string | undefined;
  /** The URL of Cognito's API; undefined: the default URL of the region. */
  endpoint: string | undefined;
  /** Verifies the token from Cognito. */
  find: FindBearer;
  logger: Pick<Logger, 'error'> | undefined;
}

/**
 * The `SECRET_HASH` of a username. With it an app client proves that it knows its secret.
 *
 * @see https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash
 */
export const secretHash = (username: string, clientId: string, clientSecret: string): string =>
  createHmac('sha256', clientSecret)
    .update(username + clientId)
    .digest('base64');

const forbidden = (code: string, message: string): Problem => ({ status: 403, message, code });

const MISCONFIGURED: Problem = {
  status: 502,
  message: 'Logins are not possible because Cognito is not configured correctly; see the log of the server.',
};

/** Errors of Cognito that concern the user, with the answer to each. */
const REFUSALS: Readonly<Record<string, Problem>> = {
  NotAuthorizedException: WRONG_CREDENTIALS,
  UserNotFoundException: WRONG_CREDENTIALS,
  InvalidPasswordException: WRONG_CREDENTIALS,
  InvalidParameterException: WRONG_CREDENTIALS, // the text cannot be a username
  PasswordResetRequiredException: forbidden(
    'password_reset_required',
    'The password has to be reset before you can log in: use the sign-in page of the user pool.',
  ),
  UserNotConfirmedException: forbidden(
    'user_not_confirmed',
    'The account is not confirmed yet: use the sign-in page of the user pool.',
  ),
  UserLambdaValidationException: forbidden('access_denied', 'The user pool has refused this login.'),
  TooManyRequestsException: retryLater(429, 'Cognito receives too many requests; retry later.', BUSY_SECONDS),
  ThrottlingException: retryLater(429, 'Cognito receives too many requests; retry later.', BUSY_SECONDS),
  LimitExceededException: retryLater(429, 'Cognito receives too many requests; retry later.', BUSY_SECONDS),
};

/** The configuration mistake behind an error of Cognito; undefined: it is not one. */
function misconfigurationOf(name: string, message: string): string | undefined {
  if (name === 'NotAuthorizedException' && /secret/i.test(message))
    return 'COGNITO_APP_SECRET is not the secret of the app client';
  if (name === 'InvalidParameterException' && /flow/i.test(message))
    return 'the app client does not allow ALLOW_USER_PASSWORD_AUTH';
  if (name === 'ResourceNotFoundException') return 'the app client of COGNITO_APP_CLIENT_ID does not exist';
  return undefined;
}

/** The answer to a login for which Cognito demands more than a password. This server cannot pass such challenges on. */
function challengeProblem(name: string): Problem {
  const known = /^[A-Z_]{1,64}$/.test(name) ? name : 'a challenge';
  const what = name === 'NEW_PASSWORD_REQUIRED' ? 'a new password' : 'more than a password';
  return forbidden(
    'challenge_required',
    `Cognito asks for ${what} (${known}), which is not possible here: log in on the sign-in page of the user pool and use its token.`,
  );
}

/** Creates the login. The AWS SDK is loaded with the first login. */
export function createCognitoLogin(options: CognitoLoginOptions): Login {
  const { region, clientId, clientSecret, endpoint, find, logger } = options;
  const attempts = createAttempts();
  let running = 0;
  let initiate: Promise<(parameters: Record<string, string>) => Promise<InitiateAuthCommandOutput>> | undefined;

  async function load(): Promise<(parameters: Record<string, string>) => Promise<InitiateAuthCommandOutput>> {
    const { CognitoIdentityProviderClient, InitiateAuthCommand } = await loadOptional(
      '@aws-sdk/client-cognito-identity-provider',
      'a login with Cognito',
      () => import('./sdk.js'),
    );
    const client = new CognitoIdentityProviderClient({ region, maxAttempts: 2, ...(endpoint === undefined ? {} : { endpoint }) });
    return (AuthParameters) =>
      client.send(new InitiateAuthCommand({ AuthFlow: 'USER_PASSWORD_AUTH', ClientId: clientId, AuthParameters }), {
        abortSignal: AbortSignal.timeout(TIMEOUT_MS),
      });
  }

  /** The answer to a failed login. Only names of errors are logged: the messages of Cognito may quote the input. */
  function refusalOf(error: unknown): Problem {
    if (error instanceof DaemonError) throw error; // the SDK is not installed
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    const mistake = misconfigurationOf(name, message);
    if (mistake !== undefined) {
      logger?.error({ error: name }, `logins are not possible: ${mistake}`);
      return MISCONFIGURED;
    }
    if (name === 'NotAuthorizedException' && /attempts exceeded/i.test(message))
      return retryLater(429, 'Too many login attempts; retry later.', LOCKED_SECONDS);
    const refusal = REFUSALS[name];
    if (refusal !== undefined) return refusal;
    if ($metadata?.httpStatusCode === undefined) {
      if (error instanceof TypeError || error instanceof ReferenceError) throw error; // a bug, not an answer of Cognito
      logger?.error({ error: (error as NodeJS.ErrnoException).code ?? name }, 'Cognito cannot be reached');
      return retryLater(503, 'Cognito cannot be reached; retry later.', BUSY_SECONDS);
    }
    logger?.error({ error: name, status: $metadata.httpStatusCode }, 'Cognito has refused a login for an unknown reason');
    return { status: 502, message: 'Cognito could not log you in; see the log of the server.' };
  }

  async function ask(username: string, password: string): Promise<InitiateAuthCommandOutput | Problem> {
    const proof = clientSecret === undefined ? {} : { SECRET_HASH: secretHash(username, clientId, clientSecret) };
    running += 1;
    try {
      const send = await (initiate ??= load());
      return await send({ USERNAME: username, PASSWORD: password, ...proof });
    } catch (error) {
      return refusalOf(error);
    } finally {
      running -= 1;
    }
  }

  return async (username, password, address, wanted) => {
    if (!arePlausible(username, password)) return WRONG_CREDENTIALS;
    const user = username.toLowerCase(); // count attempts without case, because some pools ignore the case
    const refusal = attempts.take(user, address);
    if (refusal !== undefined) return refusal;
    if (running >= MAX_RUNNING) return retryLater(503, 'Too many logins are running; retry in a moment.', 1);
    const answer = await ask(username, password);
    if ('status' in answer) return answer;
    if (answer.ChallengeName !== undefined) return challengeProblem(answer.ChallengeName);
    const { AccessToken: accessToken = '', IdToken: idToken } = answer.AuthenticationResult ?? {};
    const bearer = await find(accessToken);
    if (typeof bearer === 'string') {
      logger?.error(
        { error: bearer },
        'logins are not possible: the token of the app client is not from the pool of COGNITO_USER_POOL_ID',
      );
      return MISCONFIGURED;
    }
    if ('status' in bearer) return bearer;
    attempts.succeeded(user, address);
    const expiresIn = Math.max(0, Math.floor((bearer.expires ?? 0) - Date.now() / 1000));
    // Cognito gives every login the same scopes, so the client is told which ones.
    const scopes = wanted === undefined || bearer.scopes === undefined ? {} : { scopes: [...bearer.scopes] };
    return { accessToken, expiresIn, ...scopes, ...(idToken === undefined ? {} : { idToken }) };
  };
}
